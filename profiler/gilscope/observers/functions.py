"""Samples of the threads of a running program, counted by the functions they are in.

Each thread publishes in its own memory which functions it is in, as `FUNCTIONS` bytes: the byte of a function's number
is 1 while the thread is in a call of it. A sample counts for all of them: what a function calls is part of its time.
One that stands for several (`gilscope.observers.call_sampler`) counts as so many.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gilscope.observers.counts import Counts
from gilscope.observers.moment import Moment
from gilscope.thread_address import ThreadAddress

__all__ = ["FUNCTIONS", "ROW_BYTES", "FunctionCounts", "Seen"]

#: Bytes that a thread publishes. The first is no function's and always 1: whatever a call waits for is its own.
FUNCTIONS = 512
#: A process publishes in rows: what the threads of a row publish lies side by side, within so many bytes that begin at
#: a multiple of that, so that it is read at once.
ROW_BYTES = 1 << 15


@dataclass
class Seen:
    """What the samples of threads in calls of one function showed."""

    wall_s: float = 0.0
    """What the samples stand for."""
    counts: Counts = field(default_factory=Counts)
    looks: int = 0
    """How many samples there were; some count as several."""

    def __iadd__(self, other: Seen) -> Seen:
        self.wall_s += other.wall_s
        self.looks += other.looks
        self.counts += other.counts
        return self


class FunctionCounts:
    """The functions' view of the moments.

    :param now_s: when the first of them may come
    :param rng: rounds what a sample stands for to a whole number, up or down, so that it is right on average
    :param begins: what is added to the numbers of the functions that a thread publishes, where it is not 0
    """

    def __init__(self, now_s: float, rng: random.Random, begins: Mapping[ThreadAddress, int] | None = None) -> None:
        self._since_s = now_s
        self._rng = rng
        self._slots = 0.0
        self._counts: defaultdict[tuple[int, bytes], Counts] = defaultdict(Counts)
        self._looks: Counter[tuple[int, bytes]] = Counter()
        self._begins = {} if begins is None else begins

    def see(self, moment: Moment) -> None:
        self._slots += moment.slots
        for interpreter in moment.interpreters:
            for sample in interpreter.threads:
                times = int(moment.slots * moment.crowd + self._rng.random())
                inside = (self._begins.get(sample.thread, 0) if self._begins else 0, sample.functions)
                self._counts[inside].add(sample, moment.cpus_saturated, times)
                self._looks[inside] += 1

    def take(self, now_s: float) -> dict[int, Seen]:
        """What was seen since it was last taken, by the functions' numbers."""
        slot_s = (now_s - self._since_s) / max(self._slots, 1.0)
        found: defaultdict[int, Seen] = defaultdict(Seen)
        for inside, counts in self._counts.items():
            begin, functions = inside
            for number in _numbers(functions):
                found[begin + number] += Seen(counts.total * slot_s, counts, self._looks[inside])
        self._since_s, self._slots = now_s, 0.0
        self._counts.clear()
        self._looks.clear()
        return dict(found)


def _numbers(inside: bytes) -> Iterator[int]:
    at = inside.find(1, 1)
    while at >= 0:
        yield at
        at = inside.find(1, at + 1)
