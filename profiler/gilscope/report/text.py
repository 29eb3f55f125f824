"""The terminal's report, drawn with Rich to be read at 80 columns."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

import rich.table
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from gilscope.report.clean import clipped, in_ascii
from gilscope.report.document import (
    Block,
    Code,
    Detail,
    Document,
    Documents,
    Facts,
    Items,
    Lines,
    Notice,
    Paragraph,
    Picture,
    Section,
    Table,
)
from gilscope.report.grids import grid_of
from gilscope.report.palette import STATE_STYLES
from gilscope.report.pictures import LedgerBar, LedgerChart, Slice
from gilscope.report.terminal import Cell, Fitting, Indented, Portable, Shrinking, cut
from gilscope.report.verdicts import sentence
from gilscope.units import counted, percent, thousands

__all__ = ["drawn", "letters", "render", "show", "show_titles", "summary"]

WIDTH: Final = 80
_BAR: Final = 40
#: What the names of facts take; columns of a long name.
_FACT, _LONG = 18, 48
#: Documents that are drawn in full, and rows of a table or things of a sort; the overview has all documents.
_MOST_WHOLE, _MOST_ROWS = 20, 40
#: Rows that a table keeps where there is little room.
_FEW_ROWS: Final = 3
#: Lines of a fact; characters of a text of many lines.
_MOST_LINES, _MOST_TEXT = 10, 10_000
_TONES: Final = {"plain": "", "soft": "", "strong": "", "warning": "yellow"}
_SEVERITIES: Final = {"info": "cyan", "warning": "yellow", "error": "red"}
_T = TypeVar("_T")
_Parts = Iterator[RenderableType]


def render(documents: Documents) -> str:
    """Plain text, 80 columns wide, without colours: all that there is of what has a brief form."""
    room = None if documents.brief is None else Detail.THOROUGH
    return _plain(lambda console: show(documents, console, room=room))


def summary(document: Document, most_lines: int) -> str:
    """What a terminal shows of a brief document, and where a program finds the rest."""
    rest = "The rest: print(result.to_text()), or a page: result.to_html('report.html')."
    parts = drawn(document, most_lines=most_lines, rest=rest)
    return _plain(lambda console: console.print(parts, crop=False))


def _plain(draw: Callable[[Console], None]) -> str:
    buffer = io.StringIO()
    bare: dict[str, Any] = {"color_system": None, "force_terminal": False, "force_jupyter": False}
    draw(Console(file=buffer, width=WIDTH, legacy_windows=False, **bare))
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().rstrip().split("\n"))


def show(
    documents: Documents,
    console: Console,
    *,
    room: Detail | None = None,
    also: Collection[str] = (),
    ascii_only: bool = False,
) -> None:
    """Print on ``console``. Lines of code stay whole even where they are wider than it.

    :param room: None for a reader who did not ask for more
    :param also: sections that are shown though a terminal has no room for them, by name
    :param ascii_only: even where the console's encoding has more
    """
    unasked = room is None and not also
    also = also if unasked else (*also, *documents.asked)
    told = documents.within(room or Detail.USUAL)
    if unasked and documents.brief is not None:
        if documents.overview is not None:
            console.print(Portable(lambda plain: _several(documents, plain), ascii_only), crop=False)
            return
        told = documents.brief
    for at, document in enumerate(islice(told, _MOST_WHOLE)):
        if at:
            console.print()
        most = documents.most_lines if unasked else None
        kept = drawn(
            document,
            room=room or Detail.USUAL,
            also=also,
            ascii_only=ascii_only,
            most_lines=most,
            rest=documents.rest,
        )
        console.print(kept, crop=False)
    if documents.overview is not None:
        console.print(Portable(lambda plain: Group(*_overview(documents, plain)), ascii_only))


def show_titles(documents: Documents, console: Console, *, ascii_only: bool = False) -> None:
    """Print each verdict on a line of its own, however long."""
    for head in (head for head in documents.heads if head.detail <= Detail.USUAL):
        console.print(Portable(functools.partial(_title_of, head), ascii_only), soft_wrap=True)


def _several(documents: Documents, ascii_only: bool) -> RenderableType:
    """A line or so of each, and where the rest is, in as many lines as one has."""
    assert documents.overview is not None
    table = in_ascii(documents.overview) if ascii_only else documents.overview

    def shown(count: int) -> RenderableType:
        return Group(_indented(grid_of(table, table.rows[:count])), *_rest(len(table.rows) - count))

    ending = (Text(), Text(documents.rest, "dim"))
    title = Text(f"{counted(len(table.rows), 'function')}, each as it is best run", "bold")
    most_lines = (documents.most_lines or _MOST_ROWS) - len(ending)
    return Group(Fitting(title, [[Shrinking(shown, len(table.rows))]], most_lines), *ending)


def _overview(documents: Documents, ascii_only: bool) -> _Parts:
    assert documents.overview is not None
    yield from _headed("Summary")
    table = in_ascii(documents.overview) if ascii_only else documents.overview
    yield _indented(grid_of(table, table.rows))
    if len(documents.heads) > _MOST_WHOLE:
        count = f"Of {thousands(len(documents.heads))} results the first {_MOST_WHOLE}"
        told = f"{count} are drawn in full: the HTML page has the others."
        yield _indented(Text(told, "dim"))


def drawn(
    document: Document,
    *,
    room: Detail = Detail.USUAL,
    also: Collection[str] = (),
    ascii_only: bool = False,
    most_lines: int | None = None,
    rest: str = "",
) -> RenderableType:
    """A document for any Rich console; print with ``crop=False`` to keep long lines of code.

    :param most_lines: all told; sections for which there is no room then are left out
    :param rest: where to find these
    """
    kept = document.within(room, also)

    def build(plain: bool) -> RenderableType:
        told = in_ascii(kept) if plain else kept
        if most_lines is None:
            sections = [Group(*_section(section)) for section in told.sections]
            return Group(_title(told, plain), *_lead(told), *sections)
        ending = [Text(), Text(rest, "dim")]
        first, *others = [[*_parts(section)] for section in told.sections] or [[]]
        groups = [[*_lead(told), *first], *others]
        return Group(Fitting(_title(told, plain), groups, most_lines - len(ending)), *ending)

    return Portable(build, ascii_only)


def _title_of(document: Document, ascii_only: bool) -> Text:
    return _title(in_ascii(document) if ascii_only else document, ascii_only)


def _title(document: Document, ascii_only: bool) -> Text:
    verdict = document.verdict
    title = " ".join(cut(word, _LONG, ascii_only=ascii_only) for word in document.title.split())
    return Text(title, "bold" if verdict is None or verdict.is_sure else "bold yellow")


def _lead(document: Document) -> _Parts:
    verdict = document.verdict
    if verdict is not None:
        if told := f"{verdict.sure} {verdict.grounds}".strip():
            yield Text(told)
        if verdict.consequences:
            yield Text(verdict.consequences)
    for block in document.lead:
        if isinstance(block, Paragraph):
            yield Text(block.text, _TONES[block.tone])
        elif isinstance(block, Facts):
            yield from _block(block)


def _section_heading(section: Section) -> _Parts:
    yield Text()
    if section.title:
        yield Text.assemble((section.title, "bold"), (f" ({section.subtitle})" if section.subtitle else "", "dim"))


def _section(section: Section) -> _Parts:
    yield from _section_heading(section)
    for block in section.blocks:
        yield from _block(block)


def _parts(section: Section) -> Iterator[RenderableType | Shrinking]:
    """What may be left out of it alone."""
    heading = [*_section_heading(section)]
    for block in section.blocks:
        if isinstance(block, Table):
            least = _FEW_ROWS if block.left_out is None else 1
            yield Shrinking(functools.partial(_first_rows, heading, block.brief()), len(block.rows), least)
        elif section.title:
            yield Group(*heading, *_block(block))
        else:
            yield from (*heading, Group(*_block(block)))
        heading = []


def _first_rows(heading: Sequence[RenderableType], table: Table, count: int) -> RenderableType:
    hidden = 0 if table.left_out is None else len(table.rows) - count + table.left_out
    more = [_indented(Text(f"and {thousands(hidden)} more: -v", "dim"))] if hidden else []
    return Group(*heading, _indented(grid_of(table, table.rows[:count])), *more)


def _headed(title: str) -> _Parts:
    yield Text()
    yield Text(title, "bold")


# ---- blocks ----


def _block(block: Block) -> _Parts:
    match block:
        case Paragraph(text, tone):
            yield _indented(Text(text, {"soft": "dim", "warning": "yellow"}.get(tone, "")))
        case Notice(finding):
            mark = (f"{finding.severity}: ", _SEVERITIES[finding.severity])
            told = f" {sentence(finding.evidence)} {finding.advice}"
            page = (f" ({finding.page})" if finding.page else "", "dim")
            yield _indented(Text.assemble(mark, (sentence(finding.title), "bold"), told, page))
        case Items(pairs):
            yield from (_item(name, text) for name, text in pairs[:_MOST_ROWS])
            yield from _rest(len(pairs) - _MOST_ROWS)
        case Facts(pairs):
            yield _indented(_facts(pairs))
        case Code(text, about, aside=True):
            yield _indented(Text(f"The {about} is in the JSON and HTML reports.", "dim"))
        case Code(text):
            yield _verbatim(text)
        case Lines(text, about=about):
            yield from [_indented(Text(about, "dim"))] if about else []
            yield Indented(clipped(text, _MOST_TEXT))
        case Table():
            yield from _table(block.brief())
        case LedgerChart():
            yield from _ledgers(block)
        case Picture(table=Table() as table):
            yield from _table(table.brief())


def _indented(inner: RenderableType) -> Padding:
    return Padding(inner, (0, 0, 0, 2), expand=False)


def _item(name: str, text: str) -> Padding:
    return _indented(Text.assemble((f"{cut(name, _LONG)}: ", "bold"), text))


def _verbatim(text: str) -> Text:
    """Text whose lines must not be broken: it is there to be copied."""
    lines = "\n".join(f"    {line}".rstrip() for line in text.splitlines())
    return Text(lines, no_wrap=True, overflow="ignore")


def _facts(pairs: Sequence[tuple[str, str]]) -> RenderableType:
    grid = rich.table.Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    for name, value in pairs:  # a column's least width has the padding in it or not, as Rich's version will have it
        grid.add_row(Text(name.ljust(_FACT), "dim"), Cell(value, most_lines=_MOST_LINES))
    return grid


def _rest(count: int) -> _Parts:
    if count > 0:
        yield _indented(Text(f"and {thousands(count)} more: the JSON and CSV reports have them", "dim"))


def _first(rows: Iterable[_T], is_wanted: Callable[[_T], bool]) -> list[_T]:
    """As many as can be looked at, and the wanted one."""
    return [row for at, row in enumerate(rows) if at < _MOST_ROWS or is_wanted(row)]


def _table(table: Table) -> _Parts:
    shown = _first(table.rows, lambda row: row.chosen)
    yield _indented(grid_of(table, shown))
    yield from _rest(len(table.rows) - len(shown))


# ---- ledgers, in letters ----


def _ledgers(chart: LedgerChart) -> _Parts:
    grid = rich.table.Table.grid(padding=(0, 1))
    grid.add_column()
    grid.add_column(no_wrap=True, min_width=_BAR)  # long names give way, so that bars stay comparable
    grid.add_column()
    shown = _first(chart.bars, lambda bar: bar.chosen)
    for bar in shown:
        grid.add_row(Cell(bar.name), _bar(bar), Text(_largest(bar), "dim"))
    yield _indented(grid)
    yield from _rest(len(chart.bars) - len(shown))
    yield _indented(Columns([_legend(state) for state in chart.states], padding=(0, 2)))


def _bar(bar: LedgerBar) -> Text:
    drawn = Text(no_wrap=True)
    for part, cells in letters(bar.slices, _BAR):
        style = STATE_STYLES[part.state]
        drawn.append(style.letter * cells, f"bold white on {style.colour}")
    return drawn


def letters(parts: Sequence[Slice], width: int) -> list[tuple[Slice, int]]:
    """How many of ``width`` character cells each slice gets; rounded to that sum by largest remainder."""
    exact = [part.share * width for part in parts]
    cells = [int(cell) for cell in exact]
    by_remainder = sorted(range(len(parts)), key=lambda at: cells[at] - exact[at])
    for at in by_remainder[: width - sum(cells)]:
        cells[at] += 1
    return list(zip(parts, cells, strict=True))


def _largest(bar: LedgerBar) -> str:
    ranked = sorted(bar.slices, key=lambda part: -part.share)[:3]
    return " ".join(f"{STATE_STYLES[part.state].letter} {percent(part.share)}" for part in ranked)


def _legend(state: str) -> Text:
    style = STATE_STYLES[state]
    return Text.assemble((style.letter, f"bold white on {style.colour}"), f" {style.title}")
