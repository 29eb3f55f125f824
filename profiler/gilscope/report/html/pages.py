"""Pages: sections, or a sheet, in their templates; as much of it as a reader's browser takes at once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from gilscope.report import tables
from gilscope.report.html.bars import StackedBar, inks, parts
from gilscope.report.html.bounds import verdict_only
from gilscope.report.html.scripts import inline, plot_data, policy
from gilscope.report.ledgers import states_of
from gilscope.report.palette import STATE_STYLES
from gilscope.report.verdicts import short_name, verdict_sentence
from gilscope.units import confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import ResultRecord
    from gilscope.report.html.sections import Section
    from gilscope.report.sheet import Sheet

__all__ = ["render", "render_sheet"]

#: Characters of sections and pictures; what comes after is told in brief.
_ROOM: Final = 4_000_000
_MOST_NAMES: Final = 3

_Pictures = dict[str, bytes]


def render(results: Sequence[ResultRecord]) -> str:
    """The page; with several results, a table of all verdicts comes first."""
    heads = [verdict_only(result) for result in results]
    bodies, pictures, in_full = _sections(results, heads)
    summary = tables.summary(heads) if len(heads) > 1 else None
    scripts, data = _scripts(pictures)
    return _page("result.html.j2", _title(heads), scripts, data=data, bodies=bodies, summary=summary, in_full=in_full)


def _title(heads: Sequence[ResultRecord]) -> str:
    names = [short_name(head.target.spec) for head in heads]
    more = [f"{len(names) - _MOST_NAMES:,} more"] if len(names) > _MOST_NAMES else []
    return ", ".join(names[:_MOST_NAMES] + more)


def render_sheet(sheet: Sheet) -> str:
    """The page of one table."""
    return _page(
        "sheet.html.j2",
        sheet.title,
        [],
        sheet=sheet,
        bars=[StackedBar(bar.name, False, bar.wall, parts(bar.slices)) for bar in sheet.bars if bar.slices],
        legend=[(state, STATE_STYLES[state]) for state in states_of(bar.slices for bar in sheet.bars)],
    )


def _page(template: str, title: str, scripts: Sequence[str], **view: Any) -> str:
    states = [(state, style.colour, inks()[state]) for state, style in STATE_STYLES.items()]
    return _template(template).render(title=title, policy=policy(scripts), scripts=scripts, states=states, **view)


def _scripts(pictures: _Pictures) -> tuple[list[Markup], Markup]:
    """What the page runs, and what these are told to draw."""
    own = inline(_source("page.js"))
    if not pictures:
        return [own], Markup()
    from gilscope.report.charts.figures import bokeh_script, kinds  # Bokeh, only where there is something to draw

    return [inline(bokeh_script()), own], plot_data(kinds(), pictures)


def _sections(results: Sequence[ResultRecord], heads: Sequence[ResultRecord]) -> tuple[list[Markup], _Pictures, int]:
    """A section for each, the pictures in them, and how many are told in full."""
    from gilscope.report.html.sections import section

    bodies: list[Markup] = []
    pictures: _Pictures = {}
    room, in_full = _ROOM, 0
    for at, (result, head) in enumerate(zip(results, heads, strict=True), start=1):
        if room <= 0:
            bodies.append(_brief(at, head))
            continue
        view = section(f"result-{at}", result)
        drawn = _pictures(view)
        bodies.append(Markup(_template("section.html.j2").render(section=view, level=1 if len(results) == 1 else 2)))
        pictures |= drawn
        room, in_full = room - len(bodies[-1]) - sum(map(len, drawn.values())), in_full + 1
    return bodies, pictures, in_full


def _pictures(view: Section) -> _Pictures:
    plots = [view.throughput.plot] if view.throughput else []
    plots += [plot for plot in (view.fleet.throughput, view.fleet.latency) if plot] if view.fleet else []
    plots += [timeline.plot for timeline in view.timelines]
    return {f"{view.anchor}-{plot.name}": msgspec.json.encode(plot) for plot in plots}


def _brief(at: int, head: ResultRecord) -> Markup:
    told = {"verdict": verdict_sentence(head), "confidence": confidence(head.recommendation.confidence)}
    return Markup(_template("brief.html.j2").render(anchor=f"result-{at}", spec=head.target.spec, **told))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("gilscope.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _template(name: str) -> Template:
    return _environment().get_template(name)


def _source(name: str) -> str:
    """The text of a template that is no template."""
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]
