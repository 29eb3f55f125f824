"""The terminal's report, drawn with Rich to be read at 80 columns."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import rich.table
from rich.columns import Columns
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.text import Text

from gilscope.report import facts, foresight, plans, tables
from gilscope.report.ledgers import LedgerBar, ledger_bars, letters, states_shown
from gilscope.report.palette import STATE_STYLES
from gilscope.report.terminal import Cell, Item, Lines, Portable, fitting
from gilscope.report.verdicts import grounds, sentence, verdict_sentence
from gilscope.units import confidence, percent

if TYPE_CHECKING:
    from gilscope.records import Finding, ResultRecord
    from gilscope.report.sheet import Sheet

__all__ = ["render", "render_sheet", "renderable", "show", "show_sheet"]

WIDTH: Final = 80
_BAR: Final = 40
#: What a column of words keeps at least, when figures are wide.
_NAME: Final = 14
#: Results that are drawn in full, and rows of a table or notes of a sort; the summary has all results.
_MOST_RESULTS, _MOST_ROWS = 20, 40
#: Lines of a fact.
_MOST_LINES: Final = 10
_SEVERITY_STYLES: Final = {"info": "cyan", "warning": "yellow", "error": "red"}
_T = TypeVar("_T")


def render(results: Sequence[ResultRecord]) -> str:
    """The report as plain text, 80 columns wide, without colours."""
    return _plain(lambda console: show(results, console))


def render_sheet(sheet: Sheet) -> str:
    """A sheet as such text."""
    return _plain(lambda console: show_sheet(sheet, console))


def _plain(draw: Callable[[Console], None]) -> str:
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=WIDTH,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        legacy_windows=False,
    )
    draw(console)
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().rstrip().split("\n"))


def show(
    results: Sequence[ResultRecord], console: Console, *, show_output: bool = False, ascii_only: bool = False
) -> None:
    """Print the report on ``console``. Lines of code stay whole even where they are wider than it.

    :param ascii_only: even where the console's encoding has more
    """
    for result in results[:_MOST_RESULTS]:
        if result is not results[0]:
            console.print()
        console.print(renderable(result, show_output=show_output, ascii_only=ascii_only), crop=False)
    if len(results) > 1:
        console.print(Portable(lambda plain: _summary(results, plain), ascii_only))


def _summary(results: Sequence[ResultRecord], ascii_only: bool) -> RenderableType:
    table = tables.summary([fitting(result, ascii_only=ascii_only) for result in results])
    parts: list[RenderableType] = [Text(), Text("Summary", "bold"), _indented(_grid(table, table.rows))]
    if len(results) > _MOST_RESULTS:
        left = f"Of {len(results):,} results the first {_MOST_RESULTS} are drawn in full: the HTML page has the others."
        parts.append(_indented(Text(left, "dim")))
    return Group(*parts)


def show_sheet(sheet: Sheet, console: Console, *, ascii_only: bool = False) -> None:
    """Print a sheet: the columns that fit, and the notes."""
    parts: list[RenderableType] = [Text(sheet.title, "bold"), *(Text(remark, "dim") for remark in sheet.remarks)]
    if sheet.table.rows:
        table = sheet.table.brief()
        parts += [Text(), _indented(_grid(table, table.rows))]
    if sheet.notes:
        parts += [*_headed(sheet.notes_title), *(_item(name, note) for name, note in sheet.notes)]
    console.print(Portable(lambda plain: Group(*parts), ascii_only), crop=False)


def renderable(result: ResultRecord, *, show_output: bool = False, ascii_only: bool = False) -> RenderableType:
    """The report on one result, for any Rich console; print with ``crop=False`` to keep long code lines."""

    def build(plain: bool) -> RenderableType:
        shown = fitting(result, ascii_only=plain)
        parts = [part for section in _SECTIONS for part in section(shown)]
        return Group(*parts, *(_output(shown) if show_output else ()))

    return Portable(build, ascii_only)


_Parts = Iterator[RenderableType]


def _verdict(result: ResultRecord) -> _Parts:
    advice = result.recommendation
    yield Text(verdict_sentence(result), "bold" if advice.backend else "bold yellow")
    yield Text(f"Confidence: {confidence(advice.confidence)}. {grounds(result)}")
    yield Text(f"{sentence(result.classification.reason)} {facts.solo_sentence(result)}")
    for remark in facts.remarks(result):
        yield Text(remark, "yellow")


def _configurations(result: ResultRecord) -> _Parts:
    if result.trials:
        yield from _headed("Configurations (calls per second, with interval over the rounds)")
        yield from _table(tables.configurations(result).brief())
    yield from _items(tables.trial_notes(result))
    if foresight.noise(result):
        yield _indented(Text(foresight.noise(result), "dim"))


def _ledgers(result: ResultRecord) -> _Parts:
    bars = ledger_bars(result)
    if not bars:
        return
    yield from _headed("Where the workers' time went")
    grid = rich.table.Table.grid(padding=(0, 1))
    grid.add_column()
    grid.add_column(no_wrap=True, min_width=_BAR)  # long names give way, so that bars stay comparable
    grid.add_column()
    shown = _first(bars, lambda bar: bar.chosen)
    for bar in shown:
        grid.add_row(Cell(bar.name), _bar(bar), Text(_largest(bar), "dim"))
    yield _indented(grid)
    yield from _rest(len(bars) - len(shown))
    yield _indented(Columns([_legend(state) for state in states_shown(bars)], padding=(0, 2)))


def _bar(bar: LedgerBar) -> Text:
    drawn = Text(no_wrap=True)
    for part, cells in letters(bar.slices, _BAR):
        drawn.append(part.style.letter * cells, f"bold white on {part.style.colour}")
    return drawn


def _largest(bar: LedgerBar) -> str:
    ranked = sorted(bar.slices, key=lambda part: -part.share)[:3]
    return " ".join(f"{part.style.letter} {percent(part.share)}" for part in ranked)


def _legend(state: str) -> Text:
    style = STATE_STYLES[state]
    return Text.assemble((style.letter, f"bold white on {style.colour}"), f" {style.title}")


def _groups(result: ResultRecord) -> _Parts:
    yield from _tabled("Calls differ in kind: the verdict is an average over these groups", foresight.groups(result))


def _break_even(result: ResultRecord) -> _Parts:
    yield from _tabled("From what length of a call on a pool pays (by the model)", foresight.break_even(result))


def _predictions(result: ResultRecord) -> _Parts:
    yield from _tabled("Predicted by the queueing model", foresight.predictions(result))
    yield from _tabled("On other machines (predicted, not measured)", foresight.elsewhere(result))


def _plan(result: ResultRecord) -> _Parts:
    if result.capacity is not None:
        yield from _headed("Enough for what is wanted?")
        yield _indented(Text(plans.plan(result)))
        yield from _table(plans.fleets(result).brief())


def _queues(result: ResultRecord) -> _Parts:
    yield from _tabled("What the task queues cost, a task", plans.costs(result).brief())
    rows = [row.cells for row in plans.queue_settings(result).rows]
    if rows:  # no table, for what is there to be copied must not be cut
        yield from _headed("Settings of the task queues")
    yield from _items([(f"{engine} {setting}", f"{value} — {why}") for engine, setting, value, why in rows])
    if result.queue_programs:
        yield _indented(Text("Programs with these settings are in the JSON and HTML reports.", "dim"))


def _tabled(title: str, table: tables.Table) -> _Parts:
    if table.rows:
        yield from _headed(title)
        yield from _table(table)


def _alternatives(result: ResultRecord) -> _Parts:
    others = tables.alternatives(result)
    if others:
        yield from _headed("Why not the others")
    yield from _items(others)


def _hot(result: ResultRecord) -> _Parts:
    yield from _tabled("Hot lines (share of the solo run's samples)", tables.hot_lines(result))


def _findings(result: ResultRecord) -> _Parts:
    if result.findings:
        yield from _headed("Findings")
    for finding in result.findings[:_MOST_ROWS]:
        yield _indented(_finding(finding))
    yield from _rest(len(result.findings) - _MOST_ROWS)


def _finding(finding: Finding) -> Text:
    mark = (f"{finding.severity}: ", _SEVERITY_STYLES[finding.severity])
    return Text.assemble(mark, (sentence(finding.title), "bold"), f" {sentence(finding.evidence)} {finding.advice}")


def _failure(result: ResultRecord) -> _Parts:
    failure = result.failure
    if failure is not None:
        yield from _headed(f"First exception ({failure.count:,} of {failure.calls:,} calls raised)")
        yield Lines(failure.traceback or f"{failure.type}: {failure.message}")


def _code(result: ResultRecord) -> _Parts:
    for caller, code in facts.codes(result)[:1]:
        yield from _headed(f"Code to paste, {caller}")
        yield _verbatim(code)
    for caller, _ in facts.codes(result)[1:]:
        yield _indented(Text(f"The code {caller} is in the JSON and HTML reports.", "dim"))


def _output(result: ResultRecord) -> _Parts:
    yield from _headed("Last output of the target")
    yield Lines(result.output or "(nothing)")


def _circumstances(result: ResultRecord) -> _Parts:
    yield from _headed("Circumstances")
    grid = rich.table.Table.grid(padding=(0, 2))
    pairs = [*facts.target_facts(result), *facts.environment(result.environment)]
    for name, value in [*pairs, *facts.instrument(result.instrument)]:
        grid.add_row(Text(name, "dim", no_wrap=True), Cell(value, most_lines=_MOST_LINES))
    yield _indented(grid)


_SECTIONS: Final[tuple[Callable[[ResultRecord], _Parts], ...]] = (
    _verdict,
    _plan,
    _groups,
    _configurations,
    _ledgers,
    _alternatives,
    _break_even,
    _predictions,
    _queues,
    _hot,
    _findings,
    _failure,
    _code,
    _circumstances,
)


def _headed(title: str) -> _Parts:
    yield Text()
    yield Text(title, "bold")


def _item(name: str, text: str) -> Padding:
    return _indented(Item(name, text))


def _indented(inner: RenderableType) -> Padding:
    return Padding(inner, (0, 0, 0, 2), expand=False)


def _verbatim(text: str) -> Text:
    """Text whose lines must not be broken: it is there to be copied."""
    lines = "\n".join(f"    {line}".rstrip() for line in text.rstrip().splitlines())
    return Text(lines, no_wrap=True, overflow="ignore")


def _items(pairs: Sequence[tuple[str, str]]) -> _Parts:
    yield from (_item(name, text) for name, text in pairs[:_MOST_ROWS])
    yield from _rest(len(pairs) - _MOST_ROWS)


def _first(rows: Iterable[_T], is_wanted: Callable[[_T], bool]) -> list[_T]:
    """As many as can be looked at, and the wanted one."""
    return [row for at, row in enumerate(rows) if at < _MOST_ROWS or is_wanted(row)]


def _rest(count: int) -> _Parts:
    if count > 0:
        yield _indented(Text(f"and {count:,} more: the JSON and CSV reports have them", "dim"))


def _table(table: tables.Table) -> _Parts:
    shown = _first(table.rows, lambda row: row.chosen)
    yield _indented(_grid(table, shown))
    yield from _rest(len(table.rows) - len(shown))


def _grid(table: tables.Table, rows: Sequence[tables.Row]) -> rich.table.Table:
    drawn = rich.table.Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    headings = [column.title.replace(" ", "\n") if column.numeric else column.title for column in table.columns]
    tallest = max(heading.count("\n") for heading in headings)
    for at, (column, heading) in enumerate(zip(table.columns, headings, strict=True)):
        lowered = Text("\n" * (tallest - heading.count("\n")) + heading)
        longest = 0 if column.numeric else max((len(row.cells[at]) for row in rows), default=0)
        justify: JustifyMethod = "right" if column.numeric else "left"
        drawn.add_column(lowered, justify=justify, no_wrap=column.numeric, min_width=min(longest, _NAME))
    for row in rows:
        pairs = zip(row.cells, table.columns, strict=True)
        cells = [Text(cell) if column.numeric else Cell(cell) for cell, column in pairs]
        drawn.add_row(*cells, style="bold green" if row.chosen else None)
    return drawn
