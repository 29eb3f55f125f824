"""How often a thread was seen in which state: what the moments of a round come to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from gilscope.observers.moment import Moment, ThreadSample
from gilscope.thread_address import ThreadAddress

__all__ = ["ON_CPU", "QUEUED", "UNASKED", "Counts", "ThreadCounts"]

#: Where a runnable thread was found; a blocked one, in the state it waits in.
ON_CPU: Final = "on_cpu"
QUEUED: Final = "queued"
UNASKED: Final = "unasked"
_RUNNABLE: Final = {True: ON_CPU, False: QUEUED, None: UNASKED}


@dataclass
class Counts:
    """What the samples of one thread showed."""

    samples: Counter[tuple[str, bool, bool]] = field(default_factory=Counter)
    """How many found it there, holding the GIL or not, at a moment when the CPUs were saturated or not."""

    def add(self, sample: ThreadSample, cpus_saturated: bool) -> None:
        """Count one sample."""
        self.samples[sample.wait or _RUNNABLE[sample.on_cpu], sample.holds_gil, cpus_saturated] += 1

    def of(self, *places: str, held: bool | None = None, saturated: bool | None = None) -> int:
        """The samples at these places; of all of them, or of those with the GIL, or at such moments."""
        return sum(
            count
            for (place, with_gil, at_saturated), count in self.samples.items()
            if place in places and held in (None, with_gil) and saturated in (None, at_saturated)
        )

    @property
    def total(self) -> int:
        return self.samples.total()

    @property
    def runnable(self) -> int:
        return self.of(ON_CPU, QUEUED, UNASKED)

    def __iadd__(self, other: Counts) -> Counts:
        self.samples.update(other.samples)
        return self


class ThreadCounts:
    """The ledger's view of the moments: the counts of each thread."""

    def __init__(self) -> None:
        self._counts: defaultdict[int, Counts] = defaultdict(Counts)

    def see(self, moment: Moment) -> None:
        counts, saturated = self._counts, moment.cpus_saturated
        for interpreter in moment.interpreters:
            for sample in interpreter.threads:
                counts[sample.thread.tid].add(sample, saturated)

    def of(self, thread: ThreadAddress) -> Counts:
        """None of a thread that was not seen."""
        return self._counts[thread.tid]
