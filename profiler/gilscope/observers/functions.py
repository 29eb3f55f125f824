"""Samples of the threads of a running program, counted by the functions they are in.

Each thread publishes in its own memory which functions it is in, as `FUNCTIONS` bytes: the byte of a function's number
is 1 while the thread is in a call of it. A sample counts for all of them: what a function calls is part of its time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from gilscope.observers.counts import Counts
from gilscope.observers.moment import Moment
from gilscope.observers.sampler import THREADS_PER_MOMENT

__all__ = ["FUNCTIONS", "FunctionCounts", "Seen"]

#: Bytes that a thread publishes. The first is no function's and always 1: whatever a call waits for is its own.
FUNCTIONS = 512


@dataclass
class Seen:
    """What the samples of threads in calls of one function showed."""

    wall_s: float = 0.0
    """What the samples stand for."""
    counts: Counts = field(default_factory=Counts)

    def __iadd__(self, other: Seen) -> Seen:
        self.wall_s += other.wall_s
        self.counts += other.counts
        return self


class FunctionCounts:
    """The functions' view of the moments.

    :param now_s: when the first of them may come
    """

    def __init__(self, now_s: float) -> None:
        self._since_s = now_s
        self._moments = 0
        self._counts: defaultdict[bytes, Counts] = defaultdict(Counts)

    def see(self, moment: Moment) -> None:
        self._moments += 1
        for interpreter in moment.interpreters:
            for sample in interpreter.threads:
                self._counts[sample.functions].add(sample, moment.cpus_saturated)

    def take(self, now_s: float, threads: int) -> dict[int, Seen]:
        """What was seen since it was last taken, by the functions' numbers.

        :param threads: how many were watched, of which a moment shows `THREADS_PER_MOMENT` at most
        """
        each_s = (now_s - self._since_s) / max(self._moments, 1) * max(1.0, threads / THREADS_PER_MOMENT)
        found: defaultdict[int, Seen] = defaultdict(Seen)
        for inside, counts in self._counts.items():
            for number in _numbers(inside):
                found[number] += Seen(counts.total * each_s, counts)
        self._since_s, self._moments = now_s, 0
        self._counts.clear()
        return dict(found)


def _numbers(inside: bytes) -> Iterator[int]:
    at = inside.find(1, 1)
    while at >= 0:
        yield at
        at = inside.find(1, at + 1)
