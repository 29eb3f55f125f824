"""Where a program's thread-seconds went: by function, by thread, by process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gilscope.records import Account, Ledger
from gilscope.records.programs import FunctionAccount, ProcessAccount, ProgramRecord, ThreadAccount
from gilscope.report.document import NOT_APPLICABLE, NOTHING, Detail, Paragraph, Row, Section, Table, headed
from gilscope.report.palette import STATE_STYLES
from gilscope.report.pictures import LedgerBar, LedgerChart, states_of
from gilscope.report.programs.names import NO_GIL, called, command_told, thread_name
from gilscope.report.programs.tree import tree
from gilscope.report.sections.ledgers import slices
from gilscope.report.verdicts import kind_of_work
from gilscope.units import UNKNOWN, average, counted, duration, percent, thousands

__all__ = ["functions", "processes", "threads"]

_FEW: Final = 4
_MOST_GILS: Final = 4
_MOST_BARS: Final = 12
#: What stands before a process that another one started; blanks that a page keeps.
_INDENT, _BRANCH = "\u2003", "└ "


def functions(record: ProgramRecord) -> Section | None:
    """Those that stand for the most time first: the program's own, with the libraries that they called."""
    if not record.functions:
        return None
    titles = (
        *(
            "function",
            "with libraries",
            "itself",
            "with callees",
            "GIL held",
            "waiting for the GIL",
            "CPU without the GIL",
            "blocked",
        ),
        *("made others wait", "kind of work"),
    )
    brief = ("function", "with libraries", "GIL held", "waiting for the GIL", "kind of work")
    busy = [row for row in record.functions if _busy(row.total) > 0]
    rows = tuple(map(_function_row, sorted(busy, key=lambda row: (row.told_s or 0.0, _busy(row.own)), reverse=True)))
    columns = headed(titles, texts=("function", "kind of work"), brief=brief)
    table = Table(columns, rows, about="the functions, in thread-seconds", usual=_FEW)
    return Section("Functions", (table,), "thread-seconds; idle threads left out", name="functions")


def _function_row(row: FunctionAccount) -> Row:
    total = row.total
    figures = (
        *(row.told_s, _busy(row.own), _busy(total), total.cpu_gil_s, total.gil_wait_s, total.cpu_free_s, total.wait_s),
        row.made_wait_s,
    )
    judged = NOT_APPLICABLE if row.classification is None else kind_of_work(row.classification)
    return Row((called(row.place), *map(duration, figures), judged))


def _busy(account: Account) -> float:
    return account.wall_s - (account.idle_s or 0.0)


# ---- threads ----


def threads(record: ProgramRecord) -> Section | None:
    """The first as bars, all as a table."""
    seen = [thread for thread in record.threads if slices(thread.account)]
    if not seen:
        return None
    shown = seen[:_MOST_BARS]
    bars = tuple(
        LedgerBar(thread_name(each), False, duration(each.account.wall_s), slices(each.account)) for each in shown
    )
    about = "Each thread's wall clock, divided by state."
    chart = LedgerChart(bars, about=about, detail=Detail.FULL, table=_thread_table(seen))
    left_out = record.threads_left_out + sum(each.threads for each in seen[_MOST_BARS:])
    more = counted(left_out, "further thread") + " did less."
    rest = (Paragraph(more, "soft", detail=Detail.FULL),) if left_out else ()
    return Section("Threads", (chart, *rest), detail=Detail.FULL, name="threads")


def _thread_table(seen: Sequence[ThreadAccount]) -> Table:
    states = states_of(slices(each.account) for each in seen)
    titles = ("thread", "process", "wall", *(STATE_STYLES[state].title for state in states))
    rows = tuple(_thread_row(each, states) for each in seen)
    about = "the threads, shares of their wall clock"
    return Table(headed(titles, texts=("thread",)), rows, about=about)


def _thread_row(thread: ThreadAccount, states: Sequence[str]) -> Row:
    drawn = {part.state: part.share for part in slices(thread.account)}
    shares = [drawn.get(state, 0.0) for state in states]
    cells = (thread_name(thread), f"{thread.pid}", duration(thread.account.wall_s), *map(percent, shares))
    return Row(cells)


# ---- processes ----


def processes(record: ProgramRecord) -> Section | None:
    """Where the time of each went, and of all together."""
    ordered = list(tree(record.processes))
    bars = [
        LedgerBar(_told(depth, process), False, _whose(process.account), slices(process.account))
        for depth, process in ordered
        if slices(process.account)
    ]
    if len(bars) > 1 and slices(record.account):
        bars.insert(0, LedgerBar("all processes", False, _whose(record.account), slices(record.account)))
    if not bars:
        return None
    about = "Each process's thread-seconds, divided by state."
    chart = LedgerChart(tuple(bars[:_MOST_BARS]), about=about, table=_process_table(ordered))
    return Section(
        "Where the threads' time went", (chart,), f"watched for {duration(record.watched_s)}", name="processes"
    )


def _told(depth: int, process: ProcessAccount) -> str:
    branch = _INDENT * (depth - 1) + _BRANCH if depth else ""
    return f"{branch}{process.pid} {command_told(process.command)}"


def _whose(ledger: Ledger) -> str:
    return f"{duration(ledger.wall_s)} of {counted(ledger.threads, 'thread')}"


def _process_table(ordered: Sequence[tuple[int, ProcessAccount]]) -> Table:
    titles = ("process", "Python", "threads", "watched", "CPUs", "GIL held", "waiting for the GIL", "run queue")
    rows = tuple(_process_row(depth, process) for depth, process in ordered)
    return Table(headed(titles, texts=("process", "Python")), rows, about="the processes; threads on average")


def _process_row(depth: int, process: ProcessAccount) -> Row:
    account, wall_s = process.account, process.watched_s
    per_s = [
        seconds / wall_s if seconds is not None and wall_s > 0 else None
        for seconds in (account.cpu_s, account.gil_wait_s, account.runqueue_s)
    ]
    cells = (
        _told(depth, process),
        process.python or NOTHING,
        thousands(process.threads),
        duration(wall_s),
        average(per_s[0]),
        NO_GIL if process.gil_enabled is False else _held(process),
        *map(_waiting, per_s[1:]),
    )
    return Row(cells)


def _held(process: ProcessAccount) -> str:
    """Each of its GILs, the one held most first: several may be held at once."""
    if len(process.gils) < 2:
        return percent(process.account.gil_held_ratio)
    ratios = sorted((gil.held_ratio for gil in process.gils), reverse=True)
    more = [f"and {thousands(len(ratios) - _MOST_GILS)} more"] if len(ratios) > _MOST_GILS else []
    return ", ".join([*map(percent, ratios[:_MOST_GILS]), *more])


def _waiting(threads: float | None) -> str:
    return UNKNOWN if threads is None else f"{average(threads)} threads"
