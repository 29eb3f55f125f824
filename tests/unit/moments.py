"""Moments made by hand, for whatever is made of moments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gilscope.observers.counts import ON_CPU, PREEMPTED, QUEUED, UNASKED, Counts
from gilscope.observers.gil import Hold
from gilscope.observers.moment import InterpreterSample, Moment, ThreadSample
from gilscope.observers.thread_files import Scheduled
from gilscope.thread_address import ThreadAddress

ME = 0x7F00_0000_1000
OTHER = 0x7F00_0000_2000
FREE = Hold(0, 0)


def address(pid: int = 1, tid: int = 1, thread_state: int = ME, busy: int = 0) -> ThreadAddress:
    """A thread, as it makes itself known."""
    return ThreadAddress(pid, tid, thread_state, 0, busy)


def blocked(state: str, *, holds: bool = False, tid: int = 1, functions: bytes = b"") -> ThreadSample:
    return ThreadSample(address(tid=tid), state, holds, functions=functions)


def runnable(
    on_cpu: bool | None = True,
    *,
    holds: bool = False,
    tid: int = 1,
    preempted: bool | None = None,
    stands_for: float = 1.0,
    scheduled: Scheduled | None = None,
    functions: bytes = b"",
) -> ThreadSample:
    return ThreadSample(address(tid=tid), None, holds, on_cpu, preempted, stands_for, scheduled, functions)


def counts(
    blocked: Mapping[str, int] | None = None,
    *,
    on_cpu: tuple[int, int] = (0, 0),
    queued: tuple[int, int] = (0, 0),
    saturated_on_cpu: tuple[int, int] = (0, 0),
    saturated_queued: tuple[int, int] = (0, 0),
    preempted: tuple[int, int] = (0, 0),
    saturated_preempted: tuple[int, int] = (0, 0),
    unasked: int = 0,
    blocked_held: int = 0,
) -> Counts:
    """Samples of one thread: blocked by state, the first so many with the GIL; on a CPU, queued, or queued since it was
    preempted, each with the GIL and without."""
    found: Counter[tuple[str, bool, bool]] = Counter({(UNASKED, False, False): unasked})
    for saturated, *numbers in (
        (False, on_cpu, queued, preempted),
        (True, saturated_on_cpu, saturated_queued, saturated_preempted),
    ):
        for place, (held, free) in zip((ON_CPU, QUEUED, PREEMPTED), numbers, strict=True):
            found.update({(place, True, saturated): held, (place, False, saturated): free})
    weights = {place: float(count) for place, count in found.items() if count and place[0] != UNASKED}
    for state, count in (blocked or {}).items():
        held = min(count, blocked_held)
        blocked_held -= held
        found.update({(state, True, False): held, (state, False, False): count - held})
    return Counts(+found, weights)


def moment(
    *samples: ThreadSample, at_s: float = 0.0, hold: Hold = FREE, pid: int = 1, saturated: bool = False
) -> Moment:
    """One moment of one interpreter."""
    return Moment([InterpreterSample(pid, at_s, hold, list(samples))], saturated)
