"""The tables of the live view: shares of the seconds that are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from gilscope.records import ENOUGH_FOR_P99, Account
from gilscope.records.programs import LoopAccount, ProcessAccount, ProgramRecord
from gilscope.report.document import NOT_APPLICABLE, NOTHING, known_quantile
from gilscope.report.pictures import Slice
from gilscope.report.programs.names import called, thread_name
from gilscope.report.programs.shown import Sort, View
from gilscope.report.sections.ledgers import slices
from gilscope.units import average, duration, percent, thousands

__all__ = ["LiveRow", "LiveTable", "table_of"]

_SORTED: Final = {
    "held": "by time with the GIL",
    "waited": "by waiting for the GIL",
    "cpu": "by time on a CPU",
    "total": "by all that is not idle",
}
_FIGURES: Final[dict[Sort, str]] = {"held": "held", "waited": "waited", "cpu": "CPU", "total": "total"}
_MOST_BLOCKS: Final = 3


class LiveRow(NamedTuple):
    """Names, then figures; and a bar behind them."""

    cells: tuple[str, ...]
    parts: tuple[Slice, ...] = ()


@dataclass(frozen=True)
class LiveTable:
    """One view."""

    title: str
    titles: tuple[str, ...]
    rows: tuple[LiveRow, ...]
    nothing: str
    """Said where there are no rows."""
    about: str = ""
    names: int = 1
    """Of the columns, how many hold names; the others hold figures."""
    left_out: int = 0
    """Further rows that the record does not have."""
    things: int | None = None
    """How many there are, where rows are not one for each."""

    @property
    def has_titles(self) -> bool:
        return bool(self.rows)


def table_of(record: ProgramRecord, view: View, sort: Sort) -> LiveTable:
    """A view of the record.

    :param sort: of threads, functions and processes, and of who holds the GIL; the others are told worst first
    """
    return _TABLES[view](record, sort)


def _titles(sort: Sort, *others: str) -> tuple[str, ...]:
    """Those of the figures, with a star at the one that is sorted by."""
    return (*(f"{title}*" if name == sort else title for name, title in _FIGURES.items()), *others)


def _figures(account: Account) -> dict[Sort, float | None]:
    busy_s = None if account.idle_s is None else account.wall_s - account.idle_s
    return {"held": account.cpu_gil_s, "waited": account.gil_wait_s, "cpu": account.cpu_s, "total": busy_s}


def _shares(account: Account, watched_s: float) -> Iterator[str]:
    for seconds in _figures(account).values():
        yield _percent(None if seconds is None or watched_s <= 0 else seconds / watched_s)


def _percent(share: float | None) -> str:
    """Of what may well be more than a hundred: several threads together, and clocks that were read one by one."""
    return percent(share, of_several=True)


def _key(account: Account, sort: Sort) -> tuple[float, float]:
    """Those of which it is not known last."""
    figures = _figures(account)
    seconds = figures[sort]
    return (-1.0 if seconds is None else seconds, figures["total"] or 0.0)


def _threads(record: ProgramRecord, sort: Sort) -> LiveTable:
    ordered = sorted(record.threads, key=lambda each: _key(each.account, sort), reverse=True)
    several = len(record.processes) > 1
    rows = (
        LiveRow(
            (
                f"{thread_name(each)}{f' of {each.pid}' if several else ''}",
                *_shares(each.account, record.watched_s),
            ),
            slices(each.account),
        )
        for each in ordered
    )
    titles = ("thread", *_titles(sort))
    return LiveTable("Threads", titles, tuple(rows), "none was seen", _SORTED[sort], left_out=record.threads_left_out)


def _functions(record: ProgramRecord, sort: Sort) -> LiveTable:
    worked = (each for each in record.functions if (_figures(each.own)["total"] or 0.0) > 0)
    ordered = sorted(worked, key=lambda each: _key(each.own, sort), reverse=True)
    rows = (
        LiveRow((called(each.place), *_shares(each.own, record.watched_s)), slices(_without_idle(each.own)))
        for each in ordered
    )
    titles = ("function, itself", *_titles(sort))
    return LiveTable("Functions", titles, tuple(rows), "none was seen to do anything", _SORTED[sort])


def _without_idle(account: Account) -> Account:
    idle_s = account.idle_s or 0.0
    wall_s, blocked_s = account.wall_s - idle_s, account.blocked_s - idle_s
    return msgspec.structs.replace(account, wall_s=wall_s, blocked_s=blocked_s, idle_s=0.0)


def _blame(record: ProgramRecord, _sort: Sort) -> LiveTable:
    rows = tuple(
        LiveRow(
            (
                called(row.waiting),
                "nobody seen" if row.holding is None else called(row.holding),
                _average(row.waited_s, record.watched_s),
                thousands(row.threads),
            )
        )
        for row in record.blame
    )
    titles = ("waiting for the GIL", "while held by", "average", "threads")
    nothing = "nobody was seen to wait for the GIL"
    return LiveTable("Who waits for whom", titles, rows, nothing, "threads on average", names=2)


def _average(seconds: float, watched_s: float) -> str:
    return average(seconds / watched_s if watched_s > 0 else None)


def _holds(record: ProgramRecord, sort: Sort) -> LiveTable:
    by_time = sort in ("held", "cpu")
    ordered = sorted(record.holds, key=lambda each: each.held_s, reverse=True) if by_time else record.holds
    watched_s = record.watched_s
    rows = tuple(
        LiveRow(
            (
                called(each.place),
                percent(each.held_s / watched_s if watched_s > 0 else None),
                _average(each.made_wait_s, watched_s),
                known_quantile(each.p99_s, each.count, ENOUGH_FOR_P99),
                duration(each.longest_s) if each.count else NOT_APPLICABLE,
                _blocked(each.blocked_s, each.held_s, each.blocked_in),
            )
        )
        for each in ordered
    )
    titles = ("held by", "held", "made wait", "p99", "longest", "blocked")
    return LiveTable(
        "Holds of the GIL", titles, rows, "nobody was seen to hold it", "lengths of those that others wanted"
    )


def _blocked(blocked_s: float, held_s: float, state: str | None) -> str:
    """Of the time for which it held the GIL."""
    if blocked_s <= 0 or held_s <= 0:
        return NOTHING
    return f"{percent(blocked_s / held_s)}{'' if state is None else f' {state}'}"


def _loops(record: ProgramRecord, _sort: Sort) -> LiveTable:
    seen = [loop for loop in record.loops if loop.observed_s > 0]
    rows = tuple(row for loop in seen for row in _loop_rows(loop))
    titles = ("event loop, and what blocks it", "times", "running", "lag p50", "lag p99", "longest")
    return LiveTable("Event loops", titles, rows, "no event loop was seen", things=len(seen))


def _loop_rows(loop: LoopAccount) -> Iterator[LiveRow]:
    lags = (loop.lag_p50_s, loop.lag_p99_s, loop.lag_longest_s)
    name = f"{loop.name or 'thread'} ({loop.tid})"
    yield LiveRow((name, "", percent(loop.running_s / loop.observed_s), *map(duration, lags)))
    for block in loop.blocked[:_MOST_BLOCKS]:
        where = f"- {called(block.place)}, line {block.line}"
        share = percent(block.total_s / loop.observed_s)
        yield LiveRow((where, thousands(block.count), share, "", "", duration(block.longest_s)))


def _processes(record: ProgramRecord, sort: Sort) -> LiveTable:
    ordered: Iterable[ProcessAccount] = sorted(
        record.processes, key=lambda each: _key(each.account, sort), reverse=True
    )
    rows = tuple(
        LiveRow(
            (
                f"{each.pid} {each.command}",
                *_shares(each.account, record.watched_s),
                thousands(each.threads),
                each.python or NOTHING,
            )
        )
        for each in ordered
    )
    titles = ("process", *_titles(sort, "threads", "Python"))
    return LiveTable("Processes", titles, rows, "none was seen", _SORTED[sort])


_TABLES: Final = {
    "threads": _threads,
    "functions": _functions,
    "blame": _blame,
    "holds": _holds,
    "loops": _loops,
    "processes": _processes,
}
