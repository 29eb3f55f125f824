"""How often and how long the GIL was held."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from gilscope.observers.gil import Hold
from gilscope.observers.moment import Moment

__all__ = ["HoldWatch", "HoldWatches"]


@dataclass
class HoldWatch:
    """The GIL of one interpreter: how often it was held, and the longest hold that somebody had to wait for.

    A hold goes on as long as the GIL was passed to nobody else. It counts from the first look at which another thread
    waited: whoever waits leaves only with the GIL. What was seen last ended up to a look later and was wanted up to a
    look earlier, so that a hold reads too short by up to two looks, never too long. (A thread that gives the GIL up and
    takes it again before anyone else could is not seen to; once it is asked to, a switch interval later, CPython makes
    it wait for the switch: ``drop_gil`` in Python/ceval_gil.c.)
    """

    looked: int = 0
    held: int = 0
    longest_s: float = 0.0
    _hold: Hold | None = None
    _wanted_s: float | None = None
    """When the present hold was first seen to be wanted."""

    def see(self, now_s: float, hold: Hold, wanted: bool) -> None:
        """One look: who holds it, and whether another thread waited for it."""
        self.looked += 1
        self.held += hold.holder != 0
        if hold != self._hold:
            self._hold, self._wanted_s = hold, None
        if hold.holder == 0:
            return
        if wanted and self._wanted_s is None:
            self._wanted_s = now_s
        if self._wanted_s is not None:
            self.longest_s = max(self.longest_s, now_s - self._wanted_s)


class HoldWatches:
    """The GIL's view of the moments: a watch for each GIL. A process has several where interpreters have their own."""

    def __init__(self) -> None:
        self._watches: defaultdict[tuple[int, int], HoldWatch] = defaultdict(HoldWatch)

    def see(self, moment: Moment) -> None:
        for sample in moment.interpreters:
            self._watches[sample.pid, sample.gil].see(sample.at_s, sample.hold, sample.gil_wanted)

    @property
    def watches(self) -> list[HoldWatch]:
        return list(self._watches.values())
