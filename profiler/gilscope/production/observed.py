"""What an observer process saw of a function's calls, and how it divides what the calls' own clocks tell.

The clocks tell exactly how long calls were on a CPU, in the run queue and blocked; the samples tell how such time
divides, as in an analysis (`gilscope.observers.account`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gilscope.decide.classify import MIN_SAMPLES
from gilscope.observers.account import BLOCKED_STATES, seconds_by_state
from gilscope.observers.thread_files import Scheduled
from gilscope.records import WAIT_STATES, Account

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gilscope.observers.functions import Seen

__all__ = ["DIVIDED", "Observed", "added", "divided", "observed_of"]


class Observed(Account, frozen=True, kw_only=True):
    """Seconds by state that the threads in calls of a function were seen in, over the time of the observation.

    Of short calls only those that were measured are seen: shares of this are for all calls, sums are not.
    """

    samples: int = 0
    """Of threads that were in a call."""


def observed_of(seen: Seen | None, cpu_ns: int, runqueue_ns: int, gil_enabled: bool) -> Observed | None:
    """What was seen, by state; None when nothing was.

    :param cpu_ns: of the calls measured with all clocks, and ``runqueue_ns``: how runnable time divides, exactly
    """
    if seen is None or not seen.counts.total:
        return None
    counts = seen.counts
    runnable_s = seen.wall_s * counts.runnable / counts.total
    run_s = runnable_s * (cpu_ns / (cpu_ns + runqueue_ns) if cpu_ns else 1.0)
    scheduled = Scheduled(run_s, runnable_s - run_s)
    states = seconds_by_state(seen.wall_s, scheduled, counts, gil_enabled)
    seconds: dict[str, Any] = {f"{state}_s": value for state, value in states.items()}
    held_s = seen.wall_s * counts.of(*BLOCKED_STATES, held=True) / counts.total
    return Observed(wall_s=seen.wall_s, samples=seen.looks, gil_held_off_cpu_s=held_s, **seconds)


def divided(observed: Observed | None, cpu_s: float, blocked_s: float) -> dict[str, float]:
    """Seconds on a CPU and blocked in a thread, by state as observed; nothing of what was hardly seen."""
    if observed is None or observed.samples < MIN_SAMPLES:
        return {}
    found: dict[str, float] = {}
    for whole_s, seen_s, states in ((cpu_s, observed.cpu_s, _ON_CPU), (blocked_s, observed.blocked_s, _BLOCKED)):
        known = {state: seconds for state in states if (seconds := observed.state_s(state)) is not None}
        if seen_s > 0:
            found |= {state: whole_s * seconds / seen_s for state, seconds in known.items()}
    return found


_ON_CPU = ("cpu_gil", "cpu_free")
_BLOCKED = ("gil_wait", *WAIT_STATES, "gil_held_off_cpu")
#: All that `divided` may find.
DIVIDED = (*_ON_CPU, *_BLOCKED)


def added(parts: Iterable[Observed | None]) -> Observed | None:
    """What was seen in several processes; those that were not observed tell nothing."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return Observed(**{name: _sum([getattr(part, name) for part in known]) for name in Observed.__struct_fields__})


def _sum(values: list[Any]) -> Any:
    return None if None in values else sum(values)
