"""Coroutines that await work of their own program: threads, processes, tasks. That is not waiting for the outside
world, and what it is, the awaiting call alone cannot tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from gilscope.units import percent

if TYPE_CHECKING:
    from gilscope.production.record import ProfileRecord
    from gilscope.records import Demands

__all__ = [
    "OWN",
    "OWN_SHARE",
    "as_if_computing",
    "awaited_own_s",
    "own_work_open",
    "own_work_told",
    "threads_computing",
]

#: What is the program's own of what may be awaited (`gilscope.production.awaiting.KINDS`).
OWN: Final = ("threads", "processes", "tasks")
#: From this share of its wall clock on, awaiting its own work is what a function does.
OWN_SHARE: Final = 0.5
#: From this share of the time on in which threads were awaited, threads of the process computed.
COMPUTING_SHARE: Final = 0.5


def awaited_own_s(profile: ProfileRecord) -> float:
    """Seconds that all calls awaited work of their own program; what is not known to be is not in it."""
    awaited = profile.awaited_by_s
    return sum(awaited.get(kind, 0.0) for kind in OWN)


def threads_computing(profile: ProfileRecord) -> float | None:
    """Of the time in which its executors' threads were awaited, the share in which other threads of the process had
    a CPU; None where none were awaited."""
    loops = profile.on_loops
    if loops is None or not loops.awaited_threads_s:
        return None
    return min(loops.threads_cpu_s / loops.awaited_threads_s, 1.0)


def as_if_computing(profile: ProfileRecord) -> Demands | None:
    """What a call asks for if its executors' threads had all the CPU that was used while they were awaited, and its
    processes computed throughout. None where neither was awaited."""
    demands, awaited = profile.demands, profile.awaited_by_s
    busy_s = awaited.get("threads", 0.0) * (threads_computing(profile) or 0.0) + awaited.get("processes", 0.0)
    if demands is None or busy_s <= 0:
        return None
    own_s = (demands.own_threads_cpu_s or 0.0) + busy_s / profile.calls
    return msgspec.structs.replace(demands, own_threads_cpu_s=own_s)


def own_work_open(profile: ProfileRecord) -> str:
    """Why it is open whether a call computes."""
    share = percent(min(awaited_own_s(profile) / (profile.wall_s or 1.0), 1.0))
    return f"for {share} of a call it awaits threads or processes of its own program, and whether they compute is open"


def own_work_told(profile: ProfileRecord) -> str | None:
    """What to make of a function that mostly awaits its own program; None where it does not."""
    awaited, wall_s = profile.awaited_by_s, profile.wall_s
    if not wall_s or awaited_own_s(profile) < OWN_SHARE * wall_s:
        return None
    kind = max(OWN, key=lambda name: awaited.get(name, 0.0))
    share = percent(min(awaited_own_s(profile) / wall_s, 1.0))
    return f"For {share} of its wall clock it awaits {_WHAT[kind]}, not the outside world: {_advice(kind, profile)}"


_WHAT: Final = {
    "threads": "threads of its own program",
    "processes": "processes of its own program",
    "tasks": "tasks, locks or queues of its own program",
}


def _advice(kind: str, profile: ProfileRecord) -> str:
    busy = threads_computing(profile)
    if kind == "threads" and busy is not None and busy >= COMPUTING_SHARE:
        return (
            f"other threads computed for {percent(busy)} of that. What computes in Python takes turns with the loop, "
            "and gains by a process pool; put @classify on what it hands over, and gilscope.observe() tells which does."
        )
    return _ADVICE[kind]


_ADVICE: Final = {
    "threads": "they mostly wait, and leave the loop free; as many wait at a time as their pool has threads.",
    "processes": "they leave the loop free; put @classify on what they run to know what that is.",
    "tasks": "what those do decides; put @classify on it to know.",
}
