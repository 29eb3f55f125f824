"""Thread-seconds by state, as samples say: what functions, stacks and pairs are counted in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from gilscope.programs.moments import ProcessMoment, ThreadLook
from gilscope.programs.parked import is_parked

__all__ = ["OTHER_STATES", "Seconds", "largest", "looks_by_state", "state_of"]

K = TypeVar("K")

#: Seconds by something; none of what was not seen.
Seconds = defaultdict[K, float]

#: States that samples know beside the ledger's.
OTHER_STATES: Final = ("stopped", "unknown")


def state_of(look: ThreadLook, native: bool = False) -> str | None:
    """The state of the ledger, a thread that waits for work being idle; None of a runnable one that was not asked.

    :param native: whether Python does not know it: the threads of a library wait for work at a lock
    """
    return "idle" if is_parked(look) or (native and look.wait == "lock") else look.state


def looks_by_state(moment: ProcessMoment) -> Iterator[tuple[ThreadLook, str, float]]:
    """Each thread looked at with its state and the thread-seconds that it stands for. A runnable one that was asked
    stands
    for those that were not, so that these are left out."""
    for look in moment.threads:
        state = state_of(look, bool(moment.gils) and look.gil is None)
        if state is not None:
            yield look, state, moment.span_s * look.weight * (look.stands_for if look.wait is None else 1.0)


def largest(seconds: Mapping[K, float], count: int) -> list[tuple[K, float]]:
    """So many of them, the largest first."""
    return sorted(seconds.items(), key=lambda item: item[1], reverse=True)[:count]
