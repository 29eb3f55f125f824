"""The live view of a program: as many lines of its record as a terminal has."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.text import Text

from gilscope.records.programs import ProgramRecord
from gilscope.report.clean import clipped, printable
from gilscope.report.palette import STATE_STYLES
from gilscope.report.pictures import Slice
from gilscope.report.programs.live_tables import LiveTable, table_of
from gilscope.report.programs.shown import KEYS, VIEWS, Shown
from gilscope.report.sections.ledgers import slices
from gilscope.report.terminal import Portable, cut
from gilscope.report.text import letters
from gilscope.units import average, counted, duration, exact, percent, thousands

__all__ = ["screen"]

#: Rows of each table where there is no terminal, and the least of the one that is looked at.
FEW: Final = 8
#: Lines of the sentence.
_MOST_LINES: Final = 2
#: Columns of a figure, at least.
_FIGURE: Final = 6
_MOST_NAME: Final = 200
#: Columns of the keys that are explained.
_KEY: Final = 15
_KEYS: Final = "q quit  space pause  s save  ? help  view: t f b g l p  sort: 1 2 3 4"


def screen(
    record: ProgramRecord | None, shown: Shown, width: int, height: int | None, *, ascii_only: bool = False
) -> RenderableType:
    """What a terminal of this size shows.

    :param record: None before anything was seen
    :param height: None where there is no terminal: every table then has a few rows
    :param ascii_only: even where the console's encoding has more
    """
    lines = _lines(record, shown, max(width, 20), height)
    return Portable(lambda _: Group(*lines), ascii_only)


def _lines(record: ProgramRecord | None, shown: Shown, width: int, height: int | None) -> list[Text]:
    head = [_text("Looking at the program...", width)] if record is None else list(_head(record, shown, width))
    foot = [] if height is None else list(_foot(shown, width))
    room = None if height is None else max(0, height - len(head) - len(foot))
    body = list(_help(width)) if shown.helps else [] if record is None else list(_tables(record, shown, width, room))
    filled = body if room is None else [*body[:room], *[Text()] * (room - len(body))]
    return [*head, *filled, *foot][:height]


def _text(line: str, width: int, style: str = "") -> Text:
    return Text(cut(line, width), style, no_wrap=True, overflow="crop")


def _harmless(text: str) -> str:
    return " ".join(printable(clipped(text, _MOST_NAME)).split())


# ---- above and below ----


def _head(record: ProgramRecord, shown: Shown, width: int) -> Iterator[Text]:
    sentence = textwrap.wrap(_harmless(record.verdict.sentence), width, max_lines=_MOST_LINES, placeholder="...")
    yield from (Text(line, "bold", no_wrap=True, overflow="crop") for line in sentence)
    yield Text(_watched(record, shown), "dim", no_wrap=True, overflow="ellipsis")
    yield from _whole(slices(record.account), width)
    yield from (_text(_harmless(note), width, "yellow") for note in record.sampling.notes)
    for process in record.processes:
        if process.unseen is not None and (process.python is not None or len(record.processes) == 1):
            yield _text(f"Process {process.pid}: {_harmless(process.unseen)}", width, "yellow")
            break


def _watched(record: ProgramRecord, shown: Shown) -> str:
    watched_s = record.watched_s
    cpus, own = (
        None if seconds is None or watched_s <= 0 else seconds / watched_s
        for seconds in (record.account.cpu_s, record.sampling.cpu_s)
    )
    threads = sum(process.threads for process in record.processes)
    seen = f"{counted(len(record.processes), 'process', 'es')}, {counted(threads, 'thread')}"
    paused = "PAUSED: " if shown.paused else ""
    used = f"{average(cpus)} of {exact(record.environment.cpus_usable)} CPUs, gilscope {percent(own)} of one"
    return f"{paused}last {duration(watched_s)}: {seen}; {used}; {_harmless(record.command)}"


def _whole(parts: Sequence[Slice], width: int) -> Iterator[Text]:
    """All threads' time, and what the letters stand for."""
    if not parts:
        return
    yield _bar(parts, width)
    legend = Text(no_wrap=True, overflow="crop")
    for part in sorted(parts, key=lambda part: -part.share):
        style = STATE_STYLES[part.state]
        if legend.cell_len + 2 + cell_len(style.title) > width:
            break  # half a name tells nothing, and what is less has fewer letters above
        legend.append(style.letter, f"bold white on {style.colour}").append(f" {style.title}  ")
    legend.truncate(width)
    yield legend


def _bar(parts: Sequence[Slice], width: int) -> Text:
    drawn = Text(no_wrap=True, overflow="crop")
    for part, cells in letters(parts, width):
        style = STATE_STYLES[part.state]
        drawn.append(style.letter * cells, f"bold white on {style.colour}")
    return drawn


def _foot(shown: Shown, width: int) -> Iterator[Text]:
    if shown.told:
        yield _text(_harmless(shown.told), width, "bold")
    yield _text(_KEYS, width, "dim")


def _help(width: int) -> Iterator[Text]:
    yield Text()
    for keys, what in KEYS:
        told = textwrap.wrap(what, max(width - _KEY, 8))
        yield from (
            _text(f"{start:<{_KEY}}{line}", width)
            for start, line in zip([f"  {keys}", *[""] * len(told)], told, strict=False)
        )


# ---- tables ----


def _tables(record: ProgramRecord, shown: Shown, width: int, room: int | None) -> Iterator[Text]:
    """The one that is looked at, and of the others what there is room for."""
    others = (view for view in VIEWS.values() if view != shown.view)
    for at, view in enumerate((shown.view, *others)):
        table = table_of(record, view, shown.sort)
        if at and not table.rows:
            continue
        rows = FEW if room is None else room - (2 + table.has_titles)
        if rows < 1:
            return
        drawn = list(_table(table, width, rows if at == 0 or room is None else min(rows, FEW)))
        yield from drawn
        room = None if room is None else room - len(drawn)


def _table(table: LiveTable, width: int, most: int) -> Iterator[Text]:
    yield Text()
    yield _text(f"{table.title} ({', '.join(filter(None, (_count(table, most), table.about)))})", width, "bold")
    if not table.rows:
        yield _text(f"  {table.nothing}", width, "dim")
        return
    widths = _widths(table, width)
    if table.has_titles:
        yield _line(table.titles, widths, table, "dim")
    for row in table.rows[:most]:
        drawn = _line(row.cells, widths, table)
        if row.parts and widths[-1] > 0:
            drawn.append_text(_bar(row.parts, widths[-1]))
        yield drawn


def _count(table: LiveTable, most: int) -> str:
    if table.things is not None:
        return thousands(table.things)
    count = len(table.rows) + table.left_out
    return (
        f"{thousands(min(most, len(table.rows)))} of {thousands(count)}"
        if count > min(most, len(table.rows))
        else thousands(count)
    )


def _widths(table: LiveTable, width: int) -> list[int]:
    """Of each column, and of the bar behind them: figures have what they need, names share the rest."""
    figures = [
        max(map(cell_len, cells)) for cells in zip(table.titles, *(row.cells for row in table.rows), strict=True)
    ]
    kept = [0 if at < table.names else max(6, min(_FIGURE * 2, wide)) for at, wide in enumerate(figures)]
    bar = max(10, width // 4) if any(row.parts for row in table.rows) else 0
    left = width - 2 - sum(kept) - 2 * (len(kept) - 1) - (bar + 2 if bar else 0)
    name = max(8, left // table.names)
    return [*(name if at < table.names else wide for at, wide in enumerate(kept)), bar]


def _line(cells: Sequence[str], widths: Sequence[int], table: LiveTable, style: str = "") -> Text:
    told = [
        set_cell_size(cut(_harmless(cell), wide), wide) if at < table.names else cut(cell, wide).rjust(wide)
        for at, (cell, wide) in enumerate(zip(cells, widths, strict=False))
    ]
    return Text(f"  {'  '.join(told)}  ", style, no_wrap=True, overflow="crop")
