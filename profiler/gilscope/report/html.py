"""One offline HTML page: no script, no request, everything escaped.

The page is drawn from view dataclasses, and those from results; the template decides nothing but looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from gilscope.report import facts, foresight, tables
from gilscope.report.clean import printable
from gilscope.report.ledgers import LedgerBar, Slice, ledger_bars, states_of, states_shown
from gilscope.report.words import (
    STATE_STYLES,
    StateStyle,
    confidence,
    duration,
    grounds,
    is_chosen,
    label,
    percent,
    rate,
    sentence,
    short_name,
    span,
    speedup,
    verdict_sentence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gilscope.records import Failure, Finding, Result, Trial
    from gilscope.report.sheet import Sheet

__all__ = ["render", "render_sheet"]

Facts = list[tuple[str, str]]


@dataclass(frozen=True)
class IntervalBar:
    """A trial's throughput on a scale that all trials of a result share; positions in percent of it."""

    name: str
    chosen: bool
    value: str
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class BarPart:
    """A state's rectangle in a stacked bar, in percent of the bar."""

    state: str
    left: float
    width: float
    caption: str
    """What is written on it, where there is room."""
    hint: str


@dataclass(frozen=True)
class StackedBar:
    """A trial's ledger."""

    name: str
    chosen: bool
    wall: str
    parts: tuple[BarPart, ...]


@dataclass(frozen=True)
class Section:
    """Everything the page says about one result."""

    anchor: str
    name: str
    spec: str
    sure: bool
    verdict: str
    confidence: str
    reason: str
    evidence: str
    remarks: list[str]
    headline: Facts
    codes: Facts
    configurations: tables.Table
    notes: Facts
    intervals: tuple[IntervalBar, ...]
    ledgers: tuple[StackedBar, ...]
    ledger_table: tables.Table
    legend: tuple[tuple[str, StateStyle], ...]
    alternatives: Facts
    groups: tables.Table
    noise: str
    break_even: tables.Table
    predictions: tables.Table
    elsewhere: tables.Table
    hot: tables.Table
    findings: tuple[Finding, ...]
    failure: Failure | None
    output: str
    target: Facts
    environment: Facts
    instrument: Facts


@dataclass(frozen=True)
class Page:
    """The whole page."""

    title: str
    summary: tables.Table | None
    sections: tuple[Section, ...]
    styles: dict[str, StateStyle]


@dataclass(frozen=True)
class SheetPage:
    """The page of a sheet."""

    title: str
    sheet: Sheet
    bars: tuple[StackedBar, ...]
    legend: tuple[tuple[str, StateStyle], ...]
    styles: dict[str, StateStyle]


def render(results: Sequence[Result]) -> str:
    """The page; with several results, a table of all verdicts comes first."""
    return _template("result.html.j2").render(page=_page([printable(result) for result in results]))


def render_sheet(sheet: Sheet) -> str:
    """The page of one table."""
    page = SheetPage(
        title=sheet.title,
        sheet=sheet,
        bars=tuple(StackedBar(bar.name, False, bar.wall, _parts(bar.slices)) for bar in sheet.bars if bar.slices),
        legend=tuple((state, STATE_STYLES[state]) for state in states_of(bar.slices for bar in sheet.bars)),
        styles=STATE_STYLES,
    )
    return _template("sheet.html.j2").render(page=page)


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("gilscope.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def _page(results: list[Result]) -> Page:
    return Page(
        title=", ".join(short_name(result.target.spec) for result in results),
        summary=tables.summary(results) if len(results) > 1 else None,
        sections=tuple(_section(f"result-{at}", result) for at, result in enumerate(results, 1)),
        styles=STATE_STYLES,
    )


def _section(anchor: str, result: Result) -> Section:
    advice, bars = result.recommendation, ledger_bars(result)
    return Section(
        anchor=anchor,
        name=short_name(result.target.spec),
        spec=result.target.spec,
        sure=advice.backend is not None,
        verdict=verdict_sentence(result),
        confidence=confidence(advice.confidence),
        reason=grounds(result),
        evidence=f"{sentence(result.classification.reason)} {facts.solo_sentence(result)}",
        remarks=facts.remarks(result),
        headline=_headline(result),
        codes=facts.codes(result),
        configurations=tables.configurations(result),
        notes=tables.trial_notes(result),
        intervals=tuple(_intervals(result)),
        ledgers=tuple(_stacked(bar) for bar in bars),
        ledger_table=tables.ledger_shares(bars),
        legend=tuple((state, STATE_STYLES[state]) for state in states_shown(bars)),
        alternatives=tables.alternatives(result),
        groups=foresight.groups(result),
        noise=foresight.noise(result),
        break_even=foresight.break_even(result),
        predictions=foresight.predictions(result),
        elsewhere=foresight.elsewhere(result),
        hot=tables.hot_lines(result),
        findings=result.findings,
        failure=result.failure,
        output=result.output.rstrip(),
        target=facts.target_facts(result),
        environment=facts.environment(result.environment),
        instrument=facts.instrument(result.instrument),
    )


def _headline(result: Result) -> Facts:
    kind, advice = result.classification, result.recommendation
    return [
        ("kind of work", label(result)),
        ("speed-up", speedup(advice.speedup, advice.speedup_low, advice.speedup_high)),
        ("a call alone takes", duration(result.demands.wall_s if result.demands else None)),
        ("CPU utilization", percent(kind.cpu_utilization)),
        ("waiting", percent(kind.wait_ratio)),
        ("GIL held", percent(kind.gil_held_ratio)),
    ]


def _intervals(result: Result) -> Iterator[IntervalBar]:
    measured = [(trial, trial.throughput_per_s) for trial in result.trials if trial.throughput_per_s]
    scale = max((max(_ends(trial, median)) for trial, median in measured), default=1.0)
    for trial, median in measured:
        low, high = _ends(trial, median)
        known = span(trial.throughput_low, trial.throughput_high)
        places = [100 * value / scale for value in (median, low, high)]
        yield IntervalBar(trial.name, is_chosen(trial, result.recommendation), f"{rate(median)} ({known})", *places)


def _ends(trial: Trial, median: float) -> tuple[float, float]:
    """The interval, shrunk to the median where an end is unknown."""
    low, high = trial.throughput_low, trial.throughput_high
    return (median if low is None else low, median if high is None else high)


#: The least share, in percent, on which its letter and figure can be read.
_READABLE: Final = 7.0


def _stacked(bar: LedgerBar) -> StackedBar:
    workers = f"{bar.ledger.threads} worker thread{'' if bar.ledger.threads == 1 else 's'}"
    return StackedBar(bar.name, bar.chosen, f"{duration(bar.ledger.wall_s)} of {workers}", _parts(bar.slices))


def _parts(slices: tuple[Slice, ...]) -> tuple[BarPart, ...]:
    lefts = accumulate((100 * part.share for part in slices), initial=0.0)
    return tuple(
        BarPart(
            state=part.state,
            left=left,
            width=100 * part.share,
            caption=percent(part.share) if 100 * part.share >= _READABLE else "",
            hint=f"{part.style.title}: {percent(part.share)}, {duration(part.seconds)}",
        )
        for part, left in zip(slices, lefts, strict=False)
    )
