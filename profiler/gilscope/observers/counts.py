"""How often a thread was seen in which state: what the moments of a round come to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final, Protocol

from gilscope.observers.moment import Moment
from gilscope.thread_address import ThreadAddress

__all__ = ["IN_QUEUE", "ON_CPU", "PREEMPTED", "QUEUED", "UNASKED", "Counts", "Sampled", "ThreadCounts"]

#: Where a runnable thread was found; a blocked one, in the state it waits in.
ON_CPU: Final = "on_cpu"
#: In the run queue, and running until then.
PREEMPTED: Final = "preempted"
#: In the run queue otherwise.
QUEUED: Final = "queued"
UNASKED: Final = "unasked"
IN_QUEUE: Final = (PREEMPTED, QUEUED)

#: Where, holding the GIL or not, at a moment when the CPUs were saturated or not.
Place = tuple[str, bool, bool]


class Sampled(Protocol):
    """What is counted: a thread at a moment, with the fields of `gilscope.observers.moment.ThreadSample`."""

    @property
    def wait(self) -> str | None: ...
    @property
    def holds_gil(self) -> bool: ...
    @property
    def on_cpu(self) -> bool | None: ...
    @property
    def preempted(self) -> bool | None: ...
    @property
    def stands_for(self) -> float: ...


@dataclass
class Counts:
    """What the samples of one thread showed, or of several together."""

    samples: Counter[Place] = field(default_factory=Counter)
    """How many found it there."""
    weights: dict[Place, float] = field(default_factory=dict)
    """Of the runnable that were asked: how many they stand for. Where many can run a few are asked, each for more."""

    def add(self, sample: Sampled, cpus_saturated: bool, times: int = 1) -> None:
        """Count one sample, as one or as so many."""
        place = sample.wait or _place(sample), sample.holds_gil, cpus_saturated
        self.samples[place] += times
        if sample.on_cpu is not None:
            self.weights[place] = self.weights.get(place, 0.0) + times * sample.stands_for

    def of(self, *places: str, held: bool | None = None, saturated: bool | None = None) -> int:
        """The samples at these places; of all of them, or of those with the GIL, or at such moments."""
        return sum(
            count
            for (place, with_gil, at_saturated), count in self.samples.items()
            if place in places and held in (None, with_gil) and saturated in (None, at_saturated)
        )

    def weight(self, *places: str, held: bool | None = None, saturated: bool | None = None) -> float:
        """The runnable threads that the samples at these places stand for, as `of` counts the samples."""
        return sum(
            weight
            for (place, with_gil, at_saturated), weight in self.weights.items()
            if place in places and held in (None, with_gil) and saturated in (None, at_saturated)
        )

    @property
    def total(self) -> int:
        return self.samples.total()

    @property
    def runnable(self) -> int:
        return self.of(ON_CPU, *IN_QUEUE, UNASKED)

    def __iadd__(self, other: Counts) -> Counts:
        self.samples.update(other.samples)
        for place, weight in other.weights.items():
            self.weights[place] = self.weights.get(place, 0.0) + weight
        return self


def _place(runnable: Sampled) -> str:
    if runnable.on_cpu is None:
        return UNASKED
    return ON_CPU if runnable.on_cpu else PREEMPTED if runnable.preempted else QUEUED


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
