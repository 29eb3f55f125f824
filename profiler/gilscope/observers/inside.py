"""Sampling the threads of a running program, counted by the functions they are in.

Each thread publishes in its own memory which functions it is in, as `FUNCTIONS` bytes: the byte of a function's number
is 1 while the thread is in a call of it. A sample counts for all of them: what a function calls is part of its time.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from gilscope.observers.gil import GilLayout
from gilscope.observers.sampler import THREADS_PER_MOMENT, Counts, Interpreter, Sampler, WatchedWorker
from gilscope.thread_address import ThreadAddress

__all__ = ["FUNCTIONS", "FunctionSampler", "Inside", "Seen"]

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


class Inside(WatchedWorker):
    """A thread that publishes what it is in; ``busy`` is where.

    :raises OSError: when it is gone or may not be watched
    """

    def __init__(self, worker: ThreadAddress, interpreter: Interpreter) -> None:
        super().__init__(worker, interpreter)
        self.gone = False
        self._seen: defaultdict[bytes, Counts] = defaultdict(Counts)

    def look(self, holder: int) -> str | None:
        """Count one sample of a blocked thread, for what it is in; ``gone`` for a thread that has ended."""
        try:
            self.counts = self._seen[self.interpreter.files.read(self.worker.busy, FUNCTIONS)]
            return super().look(holder)
        except (OSError, ValueError):
            self.gone = True
            return "gone"

    def take(self) -> Iterator[tuple[int, Counts]]:
        """What was counted since it was last taken, by function."""
        seen, self._seen = self._seen, defaultdict(Counts)
        for inside, counts in seen.items():
            for number in _numbers(inside):
                yield number, counts


class FunctionSampler(Sampler):
    """Looks at threads that come and go."""

    def __init__(self, layout: GilLayout | None, rate_hz: float, rng: random.Random) -> None:
        super().__init__((), layout, rate_hz, rng)
        self._layout = layout
        self._threads: list[Inside] = []
        self._taken_s, self._taken_moments = time.perf_counter(), 0

    def add(self, worker: ThreadAddress) -> None:
        """Look at this thread too.

        :raises OSError: when it is gone or may not be watched
        """
        interpreter = self.interpreters.get(worker.pid)
        if interpreter is None:
            interpreter = self.interpreters[worker.pid] = Interpreter(worker.pid, worker.runtime, self._layout)
        self._watch([*self._threads, Inside(worker, interpreter)])

    def take(self) -> dict[int, Seen]:
        """What was seen since it was last taken, by the functions' numbers. Threads that have ended are let go."""
        each_s = self._each_s()
        found: defaultdict[int, Seen] = defaultdict(Seen)
        for thread in self._threads:
            for number, counts in thread.take():
                found[number] += Seen(counts.samples * each_s, counts)
        for thread in self._threads:
            if thread.gone:
                thread.files.close()
        self._watch([thread for thread in self._threads if not thread.gone])
        return dict(found)

    def _each_s(self) -> float:
        """What a sample taken since then stands for: the time between moments, times the threads for each looked at."""
        now, moments = time.perf_counter(), self.pace.moments
        elapsed_s, passed = now - self._taken_s, moments - self._taken_moments
        self._taken_s, self._taken_moments = now, moments
        return elapsed_s / max(passed, 1) * max(1.0, len(self._threads) / THREADS_PER_MOMENT)

    def _watch(self, threads: list[Inside]) -> None:
        self._threads = threads
        self.workers = [*threads]
        self._everyone = self._by_interpreter(self.workers)


def _numbers(inside: bytes) -> Iterator[int]:
    at = inside.find(1, 1)
    while at >= 0:
        yield at
        at = inside.find(1, at + 1)
