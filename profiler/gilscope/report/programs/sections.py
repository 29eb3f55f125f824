"""The sections of a report on a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from gilscope.records import Account, Ledger
from gilscope.records.programs import Blame, FunctionAccount, HeldGil, LoopAccount, Period, ProgramRecord, ThreadAccount
from gilscope.report.document import NOTHING, Detail, Facts, Paragraph, Row, Section, Table, headed, or_dash
from gilscope.report.palette import STATE_STYLES
from gilscope.report.pictures import LedgerBar, LedgerChart, states_of
from gilscope.report.programs.flames import flames
from gilscope.report.programs.lanes import timeline_chart
from gilscope.report.programs.names import called, thread_name
from gilscope.report.sections.ledgers import slices
from gilscope.report.verdicts import kind_of_work
from gilscope.units import UNKNOWN, counted, duration, interval, number, percent, rate

__all__ = ["VERBOSE", "program_sections"]

#: Sections of which a terminal that is asked for all tells all, by name.
VERBOSE: Final = ("blame", "holds", "loops", "functions", "locks", "threads", "moments", "sampling")

#: Rows of a table that a terminal shows; a page has all.
FEW: Final = 8
_MOST_BARS: Final = 12
_MOST_THREADS: Final = 100


def program_sections(record: ProgramRecord) -> Iterator[Section]:
    """All that there is to say of it, in order."""
    makers: tuple[Callable[[ProgramRecord], Section | None], ...] = (
        _account,
        _blame,
        _holds,
        _loops,
        _functions,
        _locks,
        _threads,
        _course,
        _timeline,
        _flames,
        _sampling,
    )
    made = (make(record) for make in makers)
    return (section for section in made if section is not None)


def _tables(table: Table) -> tuple[Table, ...]:
    """The first rows for a terminal, all for a page."""
    if len(table.rows) <= FEW:
        return (table,)
    first = Table(table.columns, table.rows[:FEW], table.about)
    rest = Table(table.columns, table.rows[FEW:], f"{table.about}, the others", detail=Detail.FULL)
    return first, rest


def _account(record: ProgramRecord) -> Section | None:
    processes = [process for process in record.processes if slices(process.account)]
    bars = [
        LedgerBar(f"{process.pid} {process.command}", False, _told(process.account), slices(process.account))
        for process in processes
    ]
    if len(bars) > 1 and slices(record.account):
        bars.insert(0, LedgerBar("all processes", False, _told(record.account), slices(record.account)))
    if not bars:
        return None
    shown = tuple(bars[:_MOST_BARS])
    chart = LedgerChart(shown, about="Each process's thread-seconds, divided by state.", table=_process_table(record))
    return Section("Where the threads' time went", (chart,), f"watched for {duration(record.watched_s)}")


def _told(ledger: Ledger) -> str:
    return f"{duration(ledger.wall_s)} of {counted(ledger.threads, 'thread')}"


def _process_table(record: ProgramRecord) -> Table:
    titles = ("process", "Python", "threads", "watched", "CPUs", "GIL held", "waiting for the GIL", "run queue")
    rows = []
    for process in record.processes:
        account, wall_s = process.account, process.watched_s
        per_s = [
            seconds / wall_s if seconds is not None and wall_s > 0 else None
            for seconds in (account.cpu_s, account.gil_wait_s, account.runqueue_s)
        ]
        rows.append(
            Row(
                (
                    f"{process.pid} {process.command}",
                    process.python or NOTHING,
                    f"{process.threads:,}",
                    duration(wall_s),
                    number(per_s[0]),
                    percent(account.gil_held_ratio),
                    _threads_waiting(per_s[1]),
                    _threads_waiting(per_s[2]),
                )
            )
        )
    return Table(
        headed(titles, texts=("process", "Python")), tuple(rows), about="the processes; threads on the average"
    )


def _threads_waiting(average: float | None) -> str:
    return (
        UNKNOWN
        if average is None
        else counted(float(number(average).replace(",", "")) if average < 1e6 else average, "thread")
    )


def _blame(record: ProgramRecord) -> Section | None:
    if not record.blame:
        return None
    titles = ("waiting", "while held by", "thread-seconds", "95%", "a second", "threads")
    rows = tuple(_blame_row(row, record.watched_s) for row in record.blame)
    table = Table(
        headed(titles, texts=("waiting", "while held by")), rows, about="who waited for the GIL while who held it"
    )
    return Section("Who waited for the GIL while who held it", _tables(table), name="blame")


def _blame_row(row: Blame, watched_s: float) -> Row:
    per_s = number(row.waited_s / watched_s) if watched_s > 0 else UNKNOWN
    holding = "nobody seen" if row.holding is None else called(row.holding)
    cells = (
        called(row.waiting),
        holding,
        duration(row.waited_s),
        f"{interval(row.low_s, row.high_s)} s",
        per_s,
        f"{row.threads:,}",
    )
    return Row(cells, keys=(None, None, row.waited_s, row.low_s, row.waited_s, float(row.threads)))


def _holds(record: ProgramRecord) -> Section | None:
    if not record.holds:
        return None
    titles = ("held by", "of the time", "made others wait", "wanted holds", "p50", "p99", "longest", "while blocked")
    rows = tuple(_hold_row(hold, record.watched_s) for hold in record.holds)
    table = Table(headed(titles, texts=("held by", "while blocked")), rows, about="who held the GIL")
    stacks = tuple(
        Facts(
            tuple((str(depth), frame) for depth, frame in enumerate(hold.stack[-12:], 1)),
            f"The longest hold: {duration(hold.longest_s)} by {called(hold.place)}",
            detail=Detail.FULL,
        )
        for hold in record.holds[:1]
        if hold.stack
    )
    subtitle = "a hold counts as wanted from when another thread was seen to wait"
    return Section("Who held the GIL", (*_tables(table), *stacks), subtitle, name="holds")


def _hold_row(hold: HeldGil, watched_s: float) -> Row:
    share = hold.held_s / watched_s if watched_s > 0 else None
    seen = hold.count > 0
    lengths = (hold.p50_s, hold.p99_s, hold.longest_s)
    state = "" if hold.blocked_in is None else f" ({_title(hold.blocked_in)})"
    blocked = NOTHING if hold.blocked_s <= 0 else f"{percent(hold.blocked_s / hold.held_s)}{state}"
    cells = (
        called(hold.place),
        percent(share),
        duration(hold.made_wait_s),
        f"{hold.count:,}",
        *(or_dash(duration, each if seen else None) for each in lengths),
        blocked,
    )
    return Row(cells, keys=(None, share, hold.made_wait_s, float(hold.count), *lengths, hold.blocked_s))


def _title(state: str) -> str:
    return STATE_STYLES[state].title if state in STATE_STYLES else state


def _loops(record: ProgramRecord) -> Section | None:
    loops = [loop for loop in record.loops if loop.observed_s > 0]
    if not loops:
        return None
    titles = ("event loop", "running", "lag p50", "lag p99", "longest")
    table = Table(headed(titles, texts=("event loop",)), tuple(map(_loop_row, loops)), about="the event loops")
    blocks = ("blocked by", "line", "in", "times", "longest", "altogether", "state")
    rows = tuple(row for loop in loops for row in _block_rows(loop))
    blocked = Table(headed(blocks, texts=("blocked by", "in", "state")), rows, about="what kept the event loops")
    lag = "lag: how long what is ready at a random moment waits for the callback that runs"
    return Section("Event loops", (*_tables(table), *(_tables(blocked) if rows else ())), lag, name="loops")


def _loop_row(loop: LoopAccount) -> Row:
    lags = (loop.lag_p50_s, loop.lag_p99_s, loop.lag_longest_s)
    name = f"{loop.name or 'thread'} ({loop.tid})"
    return Row((name, percent(loop.running_s / loop.observed_s), *map(duration, lags)))


def _block_rows(loop: LoopAccount) -> Iterator[Row]:
    for block in loop.blocked:
        cells = (
            called(block.place),
            f"{block.line}",
            block.callback.function,
            f"{block.count:,}",
            duration(block.longest_s),
            duration(block.total_s),
            _title(block.state),
        )
        yield Row(cells, keys=(None, None, None, float(block.count), block.longest_s, block.total_s, None))


def _functions(record: ProgramRecord) -> Section | None:
    if not record.functions:
        return None
    titles = ("function", "itself", "with callees", "GIL held", "waiting for the GIL", "blocked", "kind of work")
    rows = tuple(map(_function_row, sorted(record.functions, key=lambda row: _busy(row.own), reverse=True)))
    table = Table(headed(titles, texts=("function", "kind of work")), rows, about="the functions, in thread-seconds")
    return Section("Functions", _tables(table), "thread-seconds; idle threads left out", name="functions")


def _function_row(row: FunctionAccount) -> Row:
    total = row.total
    figures = (_busy(row.own), _busy(total), total.cpu_gil_s, total.gil_wait_s, total.wait_s)
    judged = NOTHING if row.classification is None else kind_of_work(row.classification)
    return Row((called(row.place), *map(duration, figures), judged), keys=(None, *figures, None))


def _busy(account: Account) -> float:
    return account.wall_s - (account.idle_s or 0.0)


def _locks(record: ProgramRecord) -> Section | None:
    if not record.locks:
        return None
    titles = ("lock", "process", "thread-seconds", "threads", "mostly in")
    rows = tuple(
        Row(
            (
                "not told apart" if lock.address is None else f"{lock.address:#x}",
                f"{lock.pid}",
                duration(lock.waited_s),
                f"{lock.threads:,}",
                called(lock.waiting[0][0]) if lock.waiting else UNKNOWN,
            )
        )
        for lock in record.locks
    )
    table = Table(headed(titles, texts=("lock", "mostly in")), rows, about="waits for locks other than the GIL")
    return Section("Locks other than the GIL", _tables(table), name="locks")


def _threads(record: ProgramRecord) -> Section | None:
    threads = [thread for thread in record.threads if slices(thread.account)]
    if not threads:
        return None
    shown = threads[:_MOST_BARS]
    bars = tuple(
        LedgerBar(thread_name(each), False, duration(each.account.wall_s), slices(each.account)) for each in shown
    )
    about = "Each thread's wall clock, divided by state."
    chart = LedgerChart(bars, about=about, detail=Detail.FULL, table=_thread_table(threads))
    left_out = record.threads_left_out + len(threads) - len(bars)
    more = counted(left_out, "further thread") + " did less."
    rest = (Paragraph(more, "soft", detail=Detail.FULL),) if left_out else ()
    return Section("Threads", (chart, *rest), detail=Detail.FULL, name="threads")


def _thread_table(threads: Sequence[ThreadAccount]) -> Table:
    states = states_of(slices(each.account) for each in threads)
    titles = ("thread", "process", "wall", *(STATE_STYLES[state].title for state in states))
    rows = tuple(_thread_row(each, states) for each in threads[:_MOST_THREADS])
    return Table(headed(titles, texts=("thread",)), rows, about="the threads, shares of their wall clock")


def _thread_row(thread: ThreadAccount, states: Sequence[str]) -> Row:
    drawn = {part.state: part.share for part in slices(thread.account)}
    shares = (percent(drawn.get(state, 0.0)) for state in states)
    return Row((thread_name(thread), f"{thread.pid}", duration(thread.account.wall_s), *shares))


def _course(record: ProgramRecord) -> Section | None:
    if not record.periods:
        return None
    titles = ("from", "GIL held", "waiting for the GIL", "CPUs used", "run queue", "threads")
    merged = _merged(record.periods)
    rows = tuple(
        Row(
            (
                duration(period.at_s),
                percent(period.gil_held_ratio),
                number(period.gil_waiting),
                number(period.cpus_used),
                number(period.runqueue),
                f"{period.threads:,}",
            )
        )
        for period in merged
    )
    table = Table(
        headed(titles), rows, about="over time: threads and CPUs on the average of each stretch", detail=Detail.FULL
    )
    return Section("Over time", (table,), detail=Detail.FULL, name="moments")


def _merged(periods: tuple[Period, ...], most: int = 40) -> list[Period]:
    """So few of them that one can read them."""
    each = -(-len(periods) // most)
    groups = [periods[at : at + each] for at in range(0, len(periods), each)]
    return [_together(group) for group in groups]


def _together(group: tuple[Period, ...]) -> Period:
    def mean(figure: Callable[[Period], float | None]) -> float | None:
        known = [value for period in group if (value := figure(period)) is not None]
        return sum(known) / len(known) if known else None

    return Period(
        at_s=group[0].at_s,
        lasted_s=sum(period.lasted_s for period in group),
        gil_held_ratio=mean(lambda period: period.gil_held_ratio),
        gil_waiting=mean(lambda period: period.gil_waiting),
        cpus_used=mean(lambda period: period.cpus_used),
        runqueue=mean(lambda period: period.runqueue),
        threads=max(period.threads for period in group),
    )


def _timeline(record: ProgramRecord) -> Section | None:
    if record.timeline is None or not record.timeline.lanes:
        return None
    chart = timeline_chart(record.timeline)
    return Section("Timeline", (chart,), detail=Detail.FULL, name="timeline")


def _flames(record: ProgramRecord) -> Section | None:
    graphs = tuple(flames(record.stacks))
    return Section("Flame graphs by state", graphs, detail=Detail.FULL, name="stacks") if graphs else None


def _sampling(record: ProgramRecord) -> Section:
    seen = record.sampling
    cost = (
        UNKNOWN if seen.cpu_s is None or record.watched_s <= 0 else f"{percent(seen.cpu_s / record.watched_s)} of a CPU"
    )
    pairs = (
        ("moments", f"{seen.moments:,} ({rate(seen.achieved_hz)} of {rate(seen.asked_hz)} asked for)"),
        ("missed", f"{seen.missed:,}"),
        ("dropped: the GIL changed hands", f"{seen.dropped:,}"),
        ("dropped: a stack changed", f"{seen.torn:,}"),
        ("readings that failed", ", ".join(f"{what}: {count:,}" for what, count in seen.errors.items()) or NOTHING),
        ("gilscope itself used", cost),
    )
    notes = tuple(Paragraph(note, "warning") for note in seen.notes)
    return Section("How it was watched", (*notes, Facts(pairs, detail=Detail.FULL)), name="sampling")
