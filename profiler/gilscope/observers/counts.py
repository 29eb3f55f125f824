"""How often a thread was seen in which state: what the moments of a round come to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from gilscope.observers.moment import Moment, ThreadSample
from gilscope.thread_address import ThreadAddress

__all__ = ["Counts", "Held", "Runnable", "ThreadCounts"]


@dataclass
class Held:
    """Samples of a runnable thread, by whether it held the GIL."""

    held: int = 0
    free: int = 0

    def add(self, holds: bool) -> None:
        self.held += holds
        self.free += not holds

    def __iadd__(self, other: Held) -> Held:
        self.held += other.held
        self.free += other.free
        return self

    @property
    def total(self) -> int:
        return self.held + self.free


@dataclass
class Runnable:
    """Samples of a runnable thread, by where it was."""

    on_cpu: Held = field(default_factory=Held)
    queued: Held = field(default_factory=Held)

    def __iadd__(self, other: Runnable) -> Runnable:
        self.on_cpu += other.on_cpu
        self.queued += other.queued
        return self

    @property
    def total(self) -> int:
        return self.on_cpu.total + self.queued.total


@dataclass
class Counts:
    """What the samples of one thread showed."""

    cpus_idle: Runnable = field(default_factory=Runnable)
    """Runnable at moments when there was a CPU for every watched thread that was."""
    cpus_saturated: Runnable = field(default_factory=Runnable)
    """Runnable at moments when at least as many watched threads were as there are CPUs."""
    unasked: int = 0
    """On a CPU or in the run queue, not asked which."""
    blocked: Counter[str] = field(default_factory=Counter)
    """Blocked, by state (``gil_wait``, the waits, ``idle``)."""
    blocked_held: int = 0
    """Blocked and holding the GIL; counted in ``blocked`` too."""

    def add(self, sample: ThreadSample, cpus_saturated: bool) -> None:
        """Count one sample, of a moment when the CPUs were saturated or not."""
        if sample.wait is not None:
            self.blocked[sample.wait] += 1
            self.blocked_held += sample.holds_gil
        elif sample.on_cpu is None:
            self.unasked += 1
        else:
            runnable = self.cpus_saturated if cpus_saturated else self.cpus_idle
            (runnable.on_cpu if sample.on_cpu else runnable.queued).add(sample.holds_gil)

    @property
    def samples(self) -> int:
        return self.runnable + self.blocked.total()

    @property
    def runnable(self) -> int:
        return self.cpus_idle.total + self.cpus_saturated.total + self.unasked

    def __iadd__(self, other: Counts) -> Counts:
        self.cpus_idle += other.cpus_idle
        self.cpus_saturated += other.cpus_saturated
        self.unasked += other.unasked
        self.blocked.update(other.blocked)
        self.blocked_held += other.blocked_held
        return self


class ThreadCounts:
    """The ledger's view of the moments: the counts of each thread."""

    def __init__(self) -> None:
        self._counts: defaultdict[int, Counts] = defaultdict(Counts)

    def see(self, moment: Moment) -> None:
        for interpreter in moment.interpreters:
            for sample in interpreter.threads:
                self._counts[sample.thread.tid].add(sample, moment.cpus_saturated)

    def of(self, thread: ThreadAddress) -> Counts:
        """All zero of a thread that was not seen."""
        return self._counts[thread.tid]
