"""Who waited for what: the GIL and who held it, event loops and what kept them, other locks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gilscope.records import ENOUGH_FOR_P50, ENOUGH_FOR_P99
from gilscope.records.programs import STOPPED_WORLD, Blame, HeldGil, LockWaits, LoopAccount, ProgramRecord
from gilscope.report.document import NOTHING, Block, Detail, Lines, Row, Section, Table, headed, or_dash
from gilscope.report.pictures import Matrix
from gilscope.report.programs.names import called, state_title, thread_name
from gilscope.units import UNKNOWN, average, duration, duration_interval, percent, thousands

__all__ = ["blame", "blame_matrix", "holds", "locks", "loops"]

#: Rows that a terminal shows.
_FEW: Final = 4
#: Functions of the matrix that wait, and that hold.
_MOST_WAITING, _MOST_HOLDING = 15, 8
#: Stacks that are shown.
_MOST_STACKS: Final = 5
_NOBODY: Final = "nobody seen"
_OTHERS: Final = "others"


def blame(record: ProgramRecord) -> Section | None:
    """Pairs of functions, as a matrix and as a list."""
    if not record.blame:
        return None
    titles = ("waiting", "while held by", "thread-seconds", "95%", "a second", "threads")
    rows = tuple(_blame_row(row, record.watched_s) for row in record.blame)
    about = "who waited for the GIL while who held it"
    columns = headed(titles, texts=("waiting", "while held by"), brief=titles[:4])
    table = Table(columns, rows, about=about, usual=_FEW)
    matrix = (blame_matrix(record.blame),) if len(record.blame) > 1 else ()
    return Section("Who waited for the GIL while who held it", (*matrix, table), name="blame")


def _blame_row(row: Blame, watched_s: float) -> Row:
    per_s = row.waited_s / watched_s if watched_s > 0 else None
    cells = (
        called(row.waiting),
        _holding(row),
        duration(row.waited_s),
        duration_interval(row.low_s, row.high_s),
        average(per_s),
        thousands(row.threads),
    )
    return Row(cells)


def _holding(row: Blame) -> str:
    return _NOBODY if row.holding is None else called(row.holding)


def blame_matrix(rows: Sequence[Blame]) -> Matrix:
    """Waiting functions × holding functions, those with the most of either first; the rest are told as others."""
    waited: defaultdict[str, float] = defaultdict(float)
    made_wait: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        waited[called(row.waiting)] += row.waited_s
        made_wait[_holding(row)] += row.waited_s
    waiting, holding = _first(waited, _MOST_WAITING), _first(made_wait, _MOST_HOLDING)
    cells: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        one, other = called(row.waiting), _holding(row)
        cells[one if one in waiting else _OTHERS, other if other in holding else _OTHERS] += row.waited_s
    lines = tuple((name, tuple(cells.get((name, each)) for each in holding)) for name in waiting)
    return Matrix(
        corner="waited ↓ while held by →",
        columns=tuple(holding),
        rows=tuple((name, values, sum(value or 0.0 for value in values)) for name, values in lines),
        sums=tuple(sum(cells.get((name, each), 0.0) for name in waiting) for each in holding),
        row_sum="waited",
        column_sum="made others wait",
        about="thread-seconds that each function waited for the GIL while each function held it",
        detail=Detail.FULL,
    )


def _first(seconds: Mapping[str, float], most: int) -> list[str]:
    ordered = sorted(seconds, key=lambda each: -seconds[each])
    return ordered if len(ordered) <= most else [*ordered[: most - 1], _OTHERS]


def holds(record: ProgramRecord) -> Section | None:
    """Who held the GIL, for how long at a time, and the stacks of the longest."""
    if not record.holds:
        return None
    titles = ("held by", "of the time", "made others wait", "wanted holds", "p50", "p99", "longest", "while blocked")
    rows = tuple(_hold_row(hold, record.watched_s) for hold in record.holds)
    brief = ("held by", "of the time", "made others wait", "p99", "longest")
    columns = headed(titles, texts=("held by", "while blocked"), brief=brief)
    table = Table(columns, rows, about="who held the GIL", usual=_FEW)
    longest = sorted((hold for hold in record.holds if hold.stack), key=lambda hold: -hold.longest_s)[:_MOST_STACKS]
    stacks = (
        _stack(f"The longest hold by {called(hold.place)}: {duration(hold.longest_s)}", hold.stack) for hold in longest
    )
    subtitle = "a hold counts as wanted from when another thread was seen to wait"
    return Section("Who held the GIL", (table, *stacks), subtitle, name="holds")


def _stack(about: str, frames: Sequence[str]) -> Lines:
    """Outermost first, as tracebacks have it."""
    return Lines("\n".join(frames[-20:]), folded=True, about=about, detail=Detail.FULL)


def _hold_row(hold: HeldGil, watched_s: float) -> Row:
    share = hold.held_s / watched_s if watched_s > 0 else None
    known = ((hold.p50_s, ENOUGH_FOR_P50), (hold.p99_s, ENOUGH_FOR_P99), (hold.longest_s, 1))
    lengths = [each if hold.count >= enough else None for each, enough in known]
    state = "" if hold.blocked_in is None else f" ({state_title(hold.blocked_in)})"
    blocked = NOTHING if hold.blocked_s <= 0 else f"{percent(hold.blocked_s / hold.held_s)}{state}"
    cells = (
        called(hold.place),
        percent(share),
        duration(hold.made_wait_s),
        thousands(hold.count),
        *(or_dash(duration, each) for each in lengths),
        blocked,
    )
    return Row(cells)


def loops(record: ProgramRecord) -> Section | None:
    """How late the event loops ran, and what kept them."""
    seen = [loop for loop in record.loops if loop.observed_s > 0]
    if not seen:
        return None
    titles = ("event loop", "running", "lag p50", "lag p99", "longest")
    threads = {(thread.pid, thread.tid): thread_name(thread) for thread in record.threads}
    rows = tuple(_loop_row(loop, threads.get((loop.pid, loop.tid), f"thread ({loop.tid})")) for loop in seen)
    table = Table(headed(titles, texts=("event loop",)), rows, about="the event loops", usual=2)
    lag = "lag: how long what is ready at a random moment waits for the callback that runs"
    return Section("Event loops", (table, *_blocked(seen)), lag, name="loops")


def _blocked(seen: Sequence[LoopAccount]) -> Iterator[Block]:
    titles = ("blocked by", "line", "in", "times", "longest", "altogether", "state")
    columns = headed(titles, texts=("blocked by", "in", "state"), brief=("blocked by", "times", "longest", "state"))
    rows = tuple(row for loop in seen for row in _block_rows(loop))
    if rows:
        yield Table(columns, rows, about="what kept the event loops", usual=_FEW)
    blocks = sorted((block for loop in seen for block in loop.blocked if block.stack), key=lambda each: -each.longest_s)
    for block in blocks[:_MOST_STACKS]:
        yield _stack(f"The longest block by {called(block.place)}: {duration(block.longest_s)}", block.stack)


def _loop_row(loop: LoopAccount, name: str) -> Row:
    lags = (loop.lag_p50_s, loop.lag_p99_s, loop.lag_longest_s)
    running = loop.running_s / loop.observed_s
    return Row((name, percent(running), *map(duration, lags)))


def _block_rows(loop: LoopAccount) -> Iterator[Row]:
    for block in loop.blocked:
        cells = (
            called(block.place),
            f"{block.line}",
            block.callback.shown,
            thousands(block.count),
            duration(block.longest_s),
            duration(block.total_s),
            state_title(block.state),
        )
        yield Row(cells)


def _lock(lock: LockWaits) -> str:
    if lock.owner == STOPPED_WORLD:
        return "all threads stopped"
    address = "not told apart" if lock.address is None else f"{lock.address:#x}"
    return address if lock.owner is None else f"of one {lock.owner}, {address}"


def locks(record: ProgramRecord) -> Section | None:
    """Locks other than the GIL, and where they were waited for."""
    if not record.locks:
        return None
    titles = ("lock", "process", "thread-seconds", "threads", "mostly in")
    rows = tuple(
        Row(
            (
                _lock(lock),
                f"{lock.pid}",
                duration(lock.waited_s),
                thousands(lock.threads),
                called(lock.waiting[0][0]) if lock.waiting else UNKNOWN,
            ),
        )
        for lock in record.locks
    )
    columns = headed(titles, texts=("lock", "mostly in"))
    table = Table(columns, rows, about="waits for locks other than the GIL", usual=2)
    return Section("Locks other than the GIL", (table,), name="locks")
