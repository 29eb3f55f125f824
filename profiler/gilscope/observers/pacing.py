"""When to look: at a random moment of each slot, slots as short as was asked for and what looking costs allows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

from gilscope.observers.own_schedule import OwnSchedule
from gilscope.observers.sampling_quality import RecentCost, SamplingQuality

__all__ = ["Pace"]

#: Waking takes a tenth of this on a machine with a CPU to spare.
LATE_S = 0.0005
#: The moments by which what looking costs is judged: the last ones, however long it has gone on.
RECENT_MOMENTS = 64


class Pace:
    """Moments that are due, and on time.

    :param from_watched: CPU that may be taken from the watched, in CPUs: what is used at moments when every CPU is busy
    :param in_all: CPU that may be used altogether, in CPUs
    :param waking: whether what it takes to wait and to wake counts
    """

    def __init__(
        self, quality: SamplingQuality, rng: random.Random, from_watched: float, in_all: float, *, waking: bool = True
    ) -> None:
        self.own = OwnSchedule()
        """The sampler's: who looks says when it wakes, for that costs a reading."""
        self.rate_hz = quality.asked_hz
        """Moments a second, at most: to be set by who looks, where there is nothing to be seen."""
        self._quality = quality
        self._rng = rng
        self._bounds = from_watched, in_all
        self._waking = waking
        self._cost = RecentCost(RECENT_MOMENTS)
        self._began_cpu_s = 0.0
        self.saturated = False
        """To be set by who looks: whether every CPU was busy at the moment."""
        self.slot_s = 1.0 / quality.asked_hz

    def moments(self, wait: Callable[[float], bool]) -> Iterator[None]:
        """Now is a moment, until ``wait(seconds)``, which waits for the end at most so long, says it has come.

        A moment for which it wakes late is missed, not taken later: where every CPU is busy one gets one when a thread
        blocks, and would find too often what threads block for first.
        """
        began, cpu = time.perf_counter(), time.thread_time()
        slot = began
        while True:
            due = slot + self._rng.random() * self.slot_s
            self.own.sleep()
            if wait(due - time.perf_counter()):
                break
            if time.perf_counter() - due > LATE_S:
                self._quality.missed += 1
            else:
                self._began_cpu_s = self.own.asleep_run_s if self._waking else time.thread_time()
                self._cost.begin(self._began_cpu_s)
                yield
                self._cost.end(time.thread_time(), self.saturated)
            slot += self.slot_s
            skipped = int(max(0.0, time.perf_counter() - slot) / self.slot_s)
            self._quality.missed += skipped
            slot += skipped * self.slot_s
            self.slot_s = self._next_slot_s()
        self._quality.elapsed_s += time.perf_counter() - began
        self._quality.cpu_s += time.thread_time() - cpu

    def leave_out(self, cpu_s: float) -> None:
        """So much of what this moment took is no part of what a moment takes: it is done seldom, and has a bound of its
        own."""
        self._began_cpu_s += cpu_s
        self._cost.begin(self._began_cpu_s)

    def _next_slot_s(self) -> float:
        """As asked, or as long as keeps what looking takes in bounds."""
        from_watched, in_all = self._bounds
        return max(1.0 / self.rate_hz, self._cost.saturated_s / from_watched, self._cost.each_s / in_all)

    def close(self) -> None:
        self.own.close()
