"""What cannot be told here, by the kernel, the processor and the C library, and why."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from gilscope.observers.account import BLOCKED_STATES
from gilscope.observers.gil import Gil
from gilscope.observers.proc import TICKS_PER_S
from gilscope.observers.syscalls import has_table
from gilscope.observers.thread_files import keeps_scheduler_statistics
from gilscope.units import given_duration

__all__ = ["Untold", "untold", "untold_here"]


@dataclass(frozen=True)
class Untold:
    """States of the ledger that are unknown."""

    states: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()
    """For people."""


def untold_here(gil: Gil) -> Untold:
    """Of threads of this machine, watched by /proc."""
    return untold(gil, calls=has_table(), statistics=keeps_scheduler_statistics())


def untold(gil: Gil, *, calls: bool, statistics: bool) -> Untold:
    """What is unknown beside what a GIL that was not found leaves unknown.

    :param calls: whether the processor's system calls are known by their numbers
    :param statistics: whether the kernel keeps scheduler statistics
    """
    states: set[str] = set()
    reasons = []
    if not calls:
        states.update(BLOCKED_STATES)
        reasons.append(f"the system calls of {platform.machine()} are not known: what threads waited for is unknown")
    elif gil.known and not gil.waiters_known:
        states.update({"gil_wait", "lock"})
        reasons.append(
            "the locks of this C library are not known: waiting for the GIL and for others is not told apart"
        )
    if not statistics:
        states.add("runqueue")
        reasons.append(
            "this kernel keeps no scheduler statistics (CONFIG_SCHED_INFO): CPU time is told in ticks of "
            f"{given_duration(1 / TICKS_PER_S)}, and the run queue counts as blocked"
        )
    return Untold(frozenset(states), tuple(reasons))
