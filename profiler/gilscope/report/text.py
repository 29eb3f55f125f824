"""The terminal's report, drawn with Rich to be read at 80 columns."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import rich.table
from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

from gilscope.report import facts, foresight, tables
from gilscope.report.clean import printable
from gilscope.report.ledgers import LedgerBar, ledger_bars, letters, states_shown
from gilscope.report.words import STATE_STYLES, confidence, grounds, percent, sentence, verdict_sentence

if TYPE_CHECKING:
    from gilscope.records import Finding, Result
    from gilscope.report.sheet import Sheet

__all__ = ["render", "render_sheet", "renderable", "show", "show_sheet"]

WIDTH: Final = 80
_BAR: Final = 40
#: What a column of words keeps at least, when figures are wide.
_NAME: Final = 14
_SEVERITY_STYLES: Final = {"info": "cyan", "warning": "yellow", "error": "red"}
#: One character for one character, so that columns stay aligned on a terminal that has only ASCII.
_ASCII: Final = str.maketrans("×–—µ…·’", "x--u..'")


def render(results: Sequence[Result]) -> str:
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


def show(results: Sequence[Result], console: Console, *, show_output: bool = False) -> None:
    """Print the report on ``console``. Lines of code stay whole even where they are wider than it."""
    for result in results:
        if result is not results[0]:
            console.print()
        console.print(renderable(result, show_output=show_output), crop=False)
    if len(results) > 1:
        summed = Group(Text(), Text("Summary", "bold"), _indented(_table(tables.summary(results))))
        console.print(_Portable(summed))


def show_sheet(sheet: Sheet, console: Console) -> None:
    """Print a sheet: the columns that fit, and the notes."""
    parts: list[RenderableType] = [Text(sheet.title, "bold"), *(Text(remark, "dim") for remark in sheet.remarks)]
    if sheet.table.rows:
        parts += [Text(), _indented(_table(sheet.table.brief()))]
    if sheet.notes:
        parts += [*_headed(sheet.notes_title), *(_item(name, note) for name, note in sheet.notes)]
    console.print(_Portable(Group(*parts)), crop=False)


def renderable(result: Result, *, show_output: bool = False) -> RenderableType:
    """The report on one result, for any Rich console; print with ``crop=False`` to keep long code lines."""
    clean = printable(result)
    parts = [part for section in _SECTIONS for part in section(clean)]
    return _Portable(Group(*parts, *(_output(clean) if show_output else ())))


@dataclass(frozen=True)
class _Portable:
    """Draws ``inner`` with no character that the console's encoding lacks."""

    inner: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        segments = console.render(self.inner, options)
        if not options.ascii_only:
            return segments
        return (Segment(_ascii(part.text), part.style, part.control) for part in segments)


def _ascii(text: str) -> str:
    return text.translate(_ASCII).encode("ascii", "replace").decode()


_Parts = Iterator[RenderableType]


def _verdict(result: Result) -> _Parts:
    advice = result.recommendation
    yield Text(verdict_sentence(result), "bold" if advice.backend else "bold yellow")
    yield Text(f"Confidence: {confidence(advice.confidence)}. {grounds(result)}")
    yield Text(f"{sentence(result.classification.reason)} {facts.solo_sentence(result)}")
    for remark in facts.remarks(result):
        yield Text(remark, "yellow")


def _configurations(result: Result) -> _Parts:
    if result.trials:
        yield from _headed("Configurations (calls per second, with interval over the rounds)")
        yield _indented(_table(tables.configurations(result).brief()))
    for name, note in tables.trial_notes(result):
        yield _item(name, note)
    if foresight.noise(result):
        yield _indented(Text(foresight.noise(result), "dim"))


def _ledgers(result: Result) -> _Parts:
    bars = ledger_bars(result)
    if not bars:
        return
    yield from _headed("Where the workers' time went")
    grid = rich.table.Table.grid(padding=(0, 1))
    grid.add_column(overflow="fold")
    grid.add_column(no_wrap=True, min_width=_BAR)  # long names give way, so that bars stay comparable
    grid.add_column(overflow="fold")
    for bar in bars:
        grid.add_row(Text(bar.name), _bar(bar), Text(_largest(bar), "dim"))
    yield _indented(grid)
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


def _groups(result: Result) -> _Parts:
    yield from _tabled("Calls differ in kind: the verdict is an average over these groups", foresight.groups(result))


def _break_even(result: Result) -> _Parts:
    yield from _tabled("From what length of a call on a pool pays (by the model)", foresight.break_even(result))


def _predictions(result: Result) -> _Parts:
    yield from _tabled("Predicted by the queueing model", foresight.predictions(result))
    yield from _tabled("On other machines (predicted, not measured)", foresight.elsewhere(result))


def _tabled(title: str, table: tables.Table) -> _Parts:
    if table.rows:
        yield from _headed(title)
        yield _indented(_table(table))


def _alternatives(result: Result) -> _Parts:
    others = tables.alternatives(result)
    if others:
        yield from _headed("Why not the others")
    for name, why_not in others:
        yield _item(name, why_not)


def _hot(result: Result) -> _Parts:
    if result.hot:
        yield from _headed("Hot lines (share of the solo run's samples)")
        yield _indented(_table(tables.hot_lines(result)))


def _findings(result: Result) -> _Parts:
    if result.findings:
        yield from _headed("Findings")
    for finding in result.findings:
        yield _indented(_finding(finding))


def _finding(finding: Finding) -> Text:
    mark = (f"{finding.severity}: ", _SEVERITY_STYLES[finding.severity])
    return Text.assemble(mark, (sentence(finding.title), "bold"), f" {sentence(finding.evidence)} {finding.advice}")


def _failure(result: Result) -> _Parts:
    failure = result.failure
    if failure is not None:
        yield from _headed(f"First exception ({failure.count:,} of {failure.calls:,} calls raised)")
        yield _verbatim(failure.traceback or f"{failure.type}: {failure.message}")


def _code(result: Result) -> _Parts:
    for caller, code in facts.codes(result)[:1]:
        yield from _headed(f"Code to paste, {caller}")
        yield _verbatim(code)
    for caller, _ in facts.codes(result)[1:]:
        yield _indented(Text(f"The code {caller} is in the JSON and HTML reports.", "dim"))


def _output(result: Result) -> _Parts:
    yield from _headed("Last output of the target")
    yield _verbatim(result.output or "(nothing)")


def _circumstances(result: Result) -> _Parts:
    yield from _headed("Circumstances")
    grid = rich.table.Table.grid(padding=(0, 2))
    pairs = [*facts.target_facts(result), *facts.environment(result.environment)]
    for name, value in [*pairs, *facts.instrument(result.instrument)]:
        grid.add_row(Text(name, "dim", no_wrap=True), Text(value))
    yield _indented(grid)


_SECTIONS: Final[tuple[Callable[[Result], _Parts], ...]] = (
    _verdict,
    _groups,
    _configurations,
    _ledgers,
    _alternatives,
    _break_even,
    _predictions,
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
    return _indented(Text.assemble((f"{name}: ", "bold"), text))


def _indented(inner: RenderableType) -> Padding:
    return Padding(inner, (0, 0, 0, 2), expand=False)


def _verbatim(text: str) -> Text:
    """Text whose lines must not be broken: it is there to be copied."""
    lines = "\n".join(f"    {line}".rstrip() for line in text.rstrip().splitlines())
    return Text(lines, no_wrap=True, overflow="ignore")


def _table(table: tables.Table) -> rich.table.Table:
    drawn = rich.table.Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for at, column in enumerate(table.columns):
        longest = max((len(row.cells[at]) for row in table.rows), default=0)
        if column.numeric:
            drawn.add_column(Text(column.title.replace(" ", "\n")), justify="right", vertical="bottom", no_wrap=True)
        else:
            drawn.add_column(Text(column.title), overflow="fold", min_width=min(longest, _NAME))
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row.cells), style="bold green" if row.chosen else None)
    return drawn
