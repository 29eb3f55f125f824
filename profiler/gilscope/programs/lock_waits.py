"""Who waited for which lock other than the GIL, and where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from typing import Final

from gilscope.programs.moments import PythonFunction
from gilscope.programs.places import telling
from gilscope.programs.tally import Seconds, Tallied, Whose

__all__ = ["LockTimes", "LockWaiting"]

#: Locks told apart: of a program that makes them all the time.
MOST_LOCKS: Final = 1_000


@dataclass(slots=True)
class LockTimes:
    """Waits for one lock."""

    sampled_s: float = 0.0
    threads: Whose = field(default_factory=Whose)
    places: Seconds[PythonFunction] = field(default_factory=lambda: defaultdict(float))


class LockWaiting:
    """The locks' view of the moments of one process: by address, None for those that are not told apart."""

    def __init__(self) -> None:
        self.locks: dict[int | None, LockTimes] = {}

    def see(self, threads: Iterable[Tallied]) -> None:
        for look, state, seconds in threads:
            if state != "lock":
                continue
            known = look.lock in self.locks or len(self.locks) < MOST_LOCKS
            times = self.locks.setdefault(look.lock if known else None, LockTimes())
            times.sampled_s += seconds
            times.threads.add(look.tid)
            place = telling(look.stack)
            if place is not None:
                times.places[place] += seconds

    def forget(self, ended: Set[int]) -> None:
        """These threads have ended."""
        for times in self.locks.values():
            times.threads.forget(ended)
