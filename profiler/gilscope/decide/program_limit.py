"""What limits a program that was watched, from its account: the GIL, the CPUs, a lock, what it waits for, or
nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from gilscope.records import Account, Ledger
from gilscope.records.programs import Limit, LoopAccount, ProcessAccount, ThreadAccount
from gilscope.units import average, counted, exact, percent

__all__ = ["ENOUGH", "OUTSIDE", "Limited", "busy_s", "in_watched_s", "limit_of", "outside_s"]

#: Looks at threads, below which nothing is said: a share is then known to ten points or so.
ENOUGH: Final = 100
#: States in which a program waits for what is neither its own code nor the machine's CPUs.
OUTSIDE: Final = ("network", "disk", "sleep", "child", "other")
#: A GIL that is held for so much of the time lets little more through; from half of it on, who wants it mostly waits.
GIL_HELD: Final = 0.5
#: Threads that wait for it, on the average, from which on somebody suffers.
GIL_WAITING: Final = 0.1
#: The share of what threads do and wait for from which on that is what limits them.
LEADS: Final = 0.5
#: CPUs are taken from so much of them on: the kernel, too, needs some.
CPUS_TAKEN: Final = 0.9
#: Threads that are given no CPU for so much of the time in which they could use one would go half as fast again.
STARVED: Final = 1 / 3
#: One thread that computes for so much of the time is a limit of its own.
COMPUTES: Final = 0.8
#: The share of all CPU time from which on a thread is the one that computes.
ALONE: Final = 0.75
#: CPUs used and threads waiting for others, below which nothing goes on.
NOTHING: Final = 0.05


@dataclass(frozen=True)
class Limited:
    """What limits it, and the figures that say so."""

    by: Limit
    why: str
    process: ProcessAccount | None = None
    """The one that is limited by its GIL."""
    state: str | None = None
    """What it mostly waits for."""
    seldom: bool = False
    """Whether it was looked at too seldom to tell."""


def busy_s(account: Account) -> float:
    """Thread-seconds in which something was done or waited for: all but those of threads that wait for work."""
    return max(0.0, account.wall_s - (account.idle_s or 0.0))


def outside_s(account: Account) -> dict[str, float]:
    """Thread-seconds by what outside was waited for; without what is unknown."""
    return {state: seconds for state in OUTSIDE if (seconds := account.state_s(state))}


def in_watched_s(loop: LoopAccount, seconds: float) -> float:
    """So many of the seconds in which a loop was observed, as of the watched time."""
    return seconds if loop.watched_s is None or loop.observed_s <= 0 else seconds * loop.watched_s / loop.observed_s


def limit_of(
    account: Ledger,
    processes: tuple[ProcessAccount, ...],
    threads: tuple[ThreadAccount, ...],
    watched_s: float,
    cpus_usable: float,
    loops: tuple[LoopAccount, ...] = (),
) -> Limited:
    """What limits the program, judged from what was seen in ``watched_s`` seconds.

    The GIL and the CPUs come first: threads that wait for the GIL seem idle, and the CPUs they would use do, too. An
    event loop comes before the thread that it runs in, for what waits for it waits in no thread at all.
    """
    if account.samples < ENOUGH or watched_s <= 0:
        return Limited("unclear", f"{counted(account.samples, 'look')} at its threads are too few", seldom=True)
    return (
        _tighter(_by_gil(processes), _by_cpus(account, watched_s, cpus_usable), cpus_usable)
        or _by_loop(loops, watched_s)
        or _by_one_thread(threads)
        or _by_nothing(account, watched_s)
        or _by_waiting(account)
    )


def _tighter(gil: Limited | None, cpus: Limited | None, cpus_usable: float) -> Limited | None:
    """Of the two the one without which the process would gain more; the other is told beside it. On a machine that is
    busy with other programs, who holds the GIL waits for a CPU with it: it is held, and that is not its own limit."""
    if gil is None or cpus is None or gil.process is None:
        return gil or cpus
    without_gil, with_cpus = _gains(gil.process, cpus_usable)
    first, other = (gil, cpus) if without_gil > with_cpus else (cpus, gil)
    return replace(first, why=f"{first.why}; beside that, {other.why}")


def _gains(process: ProcessAccount, cpus_usable: float) -> tuple[float, float]:
    """How many times as fast a process would go at most, were there no GIL; and were it given a CPU whenever it could
    use one. Without a GIL, threads that wait for it would ask for CPUs, and get as much of them as those that do so
    now; with all CPUs it would still have to do what it does with the GIL one after the other."""
    account, watched_s = process.account, process.watched_s
    cpu_s, queue_s = max(account.cpu_s, 1e-9), account.runqueue_s or 0.0
    all_of_them = cpus_usable * watched_s / cpu_s
    with_gil_s = account.cpu_gil_s or 0.0
    one_by_one = watched_s / with_gil_s if with_gil_s > 0 else all_of_them
    without_gil = 1.0 + (account.gil_wait_s or 0.0) / (cpu_s + queue_s)
    return min(all_of_them, without_gil), min(all_of_them, one_by_one, 1.0 + queue_s / cpu_s)


def _by_gil(processes: tuple[ProcessAccount, ...]) -> Limited | None:
    wanted = [process for process in processes if (_waiting(process) or 0.0) >= GIL_WAITING]
    for process in sorted(wanted, key=lambda each: _waiting(each) or 0.0, reverse=True):
        held, waiting = process.most_held_ratio, _waiting(process)
        if held is not None and held >= GIL_HELD:
            whose = _whose(process, alone=len(processes) == 1)
            why = f"{whose} is held {percent(held)} of the time, and {average(waiting)} threads wait for it on average"
            return Limited("gil", why, process)
    return None


def _whose(process: ProcessAccount, *, alone: bool) -> str:
    if len(process.gils) < 2:
        return "its GIL" if alone else f"the GIL of process {process.pid}"
    most = max(process.gils, key=lambda gil: gil.held_ratio)
    own = f"the GIL of {counted(len(most.interpreters), 'interpreter')} ({', '.join(map(str, most.interpreters))})"
    return own if alone else f"{own} of process {process.pid}"


def _waiting(process: ProcessAccount) -> float | None:
    seconds = process.account.gil_wait_s
    return None if seconds is None or process.watched_s <= 0 else seconds / process.watched_s


def _by_cpus(account: Account, watched_s: float, cpus_usable: float) -> Limited | None:
    used, queue = account.cpu_s / watched_s, account.runqueue_s
    queued = "" if queue is None else f"; {average(queue / watched_s)} threads are ready and given none on average"
    if used >= CPUS_TAKEN * cpus_usable:
        return Limited("cpus", f"it uses {average(used)} of {exact(cpus_usable)} CPUs{queued}")
    if queue is not None and queue / watched_s >= NOTHING and _is_starved(account, watched_s, cpus_usable):
        why = (
            "at times more of its threads are ready than there are CPUs, other programs use them, or a limit on its "
            "CPU time keeps it from them"
        )
        return Limited("cpus", f"it uses {average(used)} of {exact(cpus_usable)} CPUs{queued}: {why}")
    return None


def _is_starved(account: Account, watched_s: float, cpus_usable: float) -> bool:
    """Whether to compute is most of what it is about, and it is kept from that: for much of the time, or from using all
    CPUs as it could."""
    queue_s = account.runqueue_s or 0.0
    able_s = account.cpu_s + queue_s
    much = queue_s >= STARVED * able_s or able_s >= CPUS_TAKEN * cpus_usable * watched_s
    return much and able_s >= LEADS * busy_s(account)


def _by_loop(loops: tuple[LoopAccount, ...], watched_s: float) -> Limited | None:
    long = [loop for loop in loops if in_watched_s(loop, loop.observed_s) >= LEADS * watched_s]
    loop = max(long, key=lambda each: each.running_s / each.observed_s, default=None)
    if loop is None or loop.running_s < COMPUTES * loop.observed_s:
        return None
    most = max(loop.blocked, key=lambda block: block.total_s, default=None)
    mostly = "" if most is None else f", {percent(most.total_s / loop.observed_s)} in {most.place.shown}"
    whose = "it" if len(loops) == 1 else f"that of thread {loop.tid}"
    told = f"{whose} is busy {percent(loop.running_s / loop.observed_s)} of the time{mostly}"
    return Limited("loop", f"{told}, and what is ready waits for it", state=None if most is None else most.state)


def _by_one_thread(threads: tuple[ThreadAccount, ...]) -> Limited | None:
    alone = (thread for thread in threads if thread.threads == 1)
    computing = max(alone, key=lambda thread: thread.account.cpu_s, default=None)
    if computing is None or computing.account.wall_s <= 0:
        return None
    share = (computing.account.cpu_s + (computing.account.runqueue_s or 0.0)) / computing.account.wall_s
    if share < COMPUTES or computing.account.cpu_s < ALONE * sum(thread.account.cpu_s for thread in threads):
        return None
    name = computing.name or f"thread {computing.tid}"
    return Limited("cpus", f"one thread ({name}) computes {percent(share)} of the time, and the others wait or rest")


def _by_nothing(account: Account, watched_s: float) -> Limited | None:
    asleep_s = account.sleep_s or 0.0
    if (busy_s(account) - asleep_s) / watched_s >= NOTHING:
        return None
    rest = "sleeps for the rest of the time" if asleep_s / watched_s >= NOTHING else "waits for nothing but work"
    return Limited("idle", f"it uses {percent(account.cpu_s / watched_s)} of a CPU, and {rest}")


def _by_waiting(account: Account) -> Limited:
    busy, lock = busy_s(account), account.lock_s or 0.0
    waits = outside_s(account)
    waited = sum(waits.values())
    if lock >= LEADS * busy and lock >= waited:
        return Limited("lock", f"{percent(lock / busy)} of what its threads do is waiting for locks")
    if waits and waited >= LEADS * busy:
        state = max(waits, key=lambda name: waits[name])
        why = (
            f"{percent(waited / busy)} of what its threads do is waiting, {percent(waits[state] / waited)} of that for"
        )
        return Limited("wait", f"{why} {WAITED_FOR[state]}", state=state)
    return Limited(
        "unclear", f"its threads compute {percent(account.cpu_s / busy)} of the time, and wait for several things"
    )


#: What is waited for, in words.
WAITED_FOR: Final = {
    "network": "the network",
    "disk": "files",
    "sleep": "a timer",
    "child": "processes it starts",
    "other": "system calls that are not told apart",
}
