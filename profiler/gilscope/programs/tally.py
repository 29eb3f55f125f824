"""A moment, digested once for all that is made of it: each thread with its state and the thread-seconds that it stands
for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from typing import Final, NamedTuple, TypeVar

from gilscope.programs.moments import ProcessMoment, ThreadLook
from gilscope.programs.parked import is_parked

__all__ = ["OTHER_STATES", "Seconds", "Tallied", "Whose", "is_stopped", "largest", "state_of", "tallied"]

K = TypeVar("K")

#: Seconds by something; none of what was not seen.
Seconds = defaultdict[K, float]
#: States that samples know beside the ledger's.
OTHER_STATES: Final = ("stopped", "unknown")


class Whose:
    """Threads that something was seen of, each counted once."""

    __slots__ = ("_numbers", "_past")

    def __init__(self) -> None:
        self._numbers: set[int] = set()
        self._past = 0

    def __len__(self) -> int:
        return len(self._numbers) + self._past

    def add(self, tid: int) -> None:
        self._numbers.add(tid)

    def forget(self, ended: Set[int]) -> None:
        """Forget which they were that have ended, not how many."""
        gone = self._numbers & ended
        self._past += len(gone)
        self._numbers -= gone


class Tallied(NamedTuple):
    """One thread of a moment."""

    look: ThreadLook
    state: str
    seconds: float
    """Thread-seconds that it stands for. A runnable thread that was asked stands for those that were not."""


def tallied(moment: ProcessMoment) -> list[Tallied]:
    """The threads looked at whose state is known: of the runnable, those that were asked."""
    found = []
    for look in moment.threads:
        state = state_of(look, bool(moment.gils) and look.gil is None)
        if state is not None:
            stands_for = look.stands_for if look.wait is None else 1.0
            found.append(Tallied(look, state, moment.span_s * look.weight * stands_for))
    return found


def state_of(look: ThreadLook, native: bool = False) -> str | None:
    """The state of the ledger, a thread that waits for work being idle; None of a runnable one that was not asked.

    :param native: whether Python does not know it: the threads of a library wait for work at a lock
    """
    return "idle" if is_parked(look) or (native and look.wait == "lock") else look.state


def is_stopped(moment: ProcessMoment) -> bool:
    """Whether the whole process was stopped, by a signal or a debugger."""
    return bool(moment.threads) and all(look.wait == "stopped" for look in moment.threads)


def largest(seconds: Mapping[K, float], count: int) -> list[tuple[K, float]]:
    """So many of them, the largest first."""
    return sorted(seconds.items(), key=lambda item: item[1], reverse=True)[:count]
