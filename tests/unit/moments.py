"""Moments made by hand, for whatever is made of moments."""

from __future__ import annotations

from gilscope.observers.gil import Hold
from gilscope.observers.moment import InterpreterSample, Moment, ThreadSample
from gilscope.observers.proc import Scheduled
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
    scheduled: Scheduled | None = None,
    functions: bytes = b"",
) -> ThreadSample:
    return ThreadSample(address(tid=tid), None, holds, on_cpu, scheduled, functions)


def moment(
    *samples: ThreadSample, at_s: float = 0.0, hold: Hold = FREE, pid: int = 1, saturated: bool = False
) -> Moment:
    """One moment of one interpreter."""
    return Moment([InterpreterSample(pid, at_s, hold, list(samples))], saturated)
