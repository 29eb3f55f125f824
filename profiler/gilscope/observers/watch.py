"""One observed round: readings before, samples during, readings after, and the ledger that follows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gilscope.observers import proc
from gilscope.observers.account import NonWorkerCpu, ledger_of
from gilscope.observers.children import ChildCount
from gilscope.observers.counts import ThreadCounts
from gilscope.observers.gil import Gil
from gilscope.observers.holds import HoldWatches
from gilscope.observers.sampler import Sampler
from gilscope.observers.sampling_quality import SamplingQuality, refusal
from gilscope.observers.short_turns import short_turns
from gilscope.observers.thread_files import thread_scheduled
from gilscope.observers.timeline import MOST_LANES, Traces, timeline_of
from gilscope.observers.untold import untold_here
from gilscope.records import Ledger, Timeline
from gilscope.thread_address import ThreadAddress

__all__ = ["ProcObserver", "Watched"]

#: How much faster a thread is sampled that is the only one: its ledger is what everything else follows from, and so
#: many looks at one thread cost no more than at several.
FASTER_ALONE = 4.0
#: A running thread's schedstat is brought up to date at the kernel's ticks, a process's CPU clock at once: so much per
#: worker is a difference between clocks, and no other thread's CPU.
GRAIN_S = 0.01


@dataclass(frozen=True)
class Watched:
    """What one observed round showed."""

    ledger: Ledger | None
    """But for the calls it made; None when no worker could be read to the end."""
    timeline: Timeline | None = None
    """None where nothing was sampled."""
    refused: str | None = None
    """Why no ledger was made, where what must be read here can mostly not be read."""


class ProcObserver:
    """Watches the workers of one trial, round by round, by Linux's /proc, and the GIL in their memory.

    :param root: the trial's process: the pool's parent
    :raises OSError: when a worker may not be watched
    """

    def __init__(
        self, root: int, workers: Sequence[ThreadAddress], gil: Gil, rate_hz: float, rng: random.Random
    ) -> None:
        self._root = root
        self._workers = workers
        self._gil = gil = gil.of(workers)
        self._rate_hz = rate_hz * (FASTER_ALONE if len(workers) == 1 else 1.0)
        self._rng = rng
        self._untold = untold_here(gil).states
        self._sampler().close()  # refused here rather than in the middle of a round
        self.quality = SamplingQuality(self._rate_hz)
        """Of all rounds."""
        self._children = ChildCount(root)

    def _sampler(self) -> Sampler:
        alone = len(self._workers) == 1
        return Sampler(self._workers, self._gil.layout, self._rate_hz, self._rng, timed=MOST_LANES, alone=alone)

    @property
    def children_started(self) -> int | None:
        """The most processes seen alive at a time that calls started; None before the first look."""
        return self._children.most

    def watch(self, wait: Callable[[float], bool]) -> Watched:
        """Watch until ``wait(seconds)`` says the round has ended.

        :raises OSError: when a watched process is gone
        """
        sampler = self._sampler()
        counts, traces = ThreadCounts(), Traces(self._workers[:MOST_LANES])
        holds = HoldWatches()
        try:
            other_cpu = _NonWorkerCpuMeter(self._root, self._workers)
            before = [thread.scheduled() for thread in sampler.threads]
            began = time.perf_counter()
            with short_turns():
                for moment in sampler.moments(lambda seconds: self._counting_children(wait, seconds)):
                    counts.see(moment)
                    holds.see(moment)
                    traces.see(moment)
            wall_s = time.perf_counter() - began
            after = [thread.scheduled() for thread in sampler.threads]
            spent = [now - then for then, now in zip(before, after, strict=True)]
            others = other_cpu.spent(sum(worker.run_s for worker in spent))
        finally:
            sampler.close()
        self.quality += sampler.quality
        if refused := refusal(sampler.quality):
            return Watched(None, refused=refused)
        workers = [(spent_s, counts.of(worker)) for spent_s, worker in zip(spent, self._workers, strict=True)]
        return Watched(
            ledger_of(wall_s, workers, holds.watches, others, self._gil, self._untold),
            timeline_of(traces, began, wall_s, self._gil),
        )

    def _counting_children(self, wait: Callable[[float], bool], seconds: float) -> bool:
        """``wait``, with a look at the processes that calls have started."""
        began = time.perf_counter()
        self._children.look()
        return wait(seconds - (time.perf_counter() - began))


class _NonWorkerCpuMeter:
    """CPU that no worker thread spends: their processes' other threads do, the pool's parent, processes they start."""

    def __init__(self, root: int, workers: Sequence[ThreadAddress]) -> None:
        self._root = root
        self._workers = workers
        self._worker_pids = {worker.pid for worker in workers}
        self._workers_hold_main = any(worker.tid == root for worker in workers)
        self._cpu = self._readings()

    def _readings(self) -> dict[str, float]:
        """CPU so far of the worker processes, the main thread of the root, the root, and all others below it."""
        others = proc.descendants(self._root) - self._worker_pids
        watched = self._worker_pids | {self._root}
        return {
            "workers": sum(map(proc.process_cpu_s, self._worker_pids)),
            "main": thread_scheduled(self._root, self._root).run_s,
            "root": proc.process_cpu_s(self._root),
            "children": sum(map(_cpu_or_nothing, others)) + sum(map(proc.reaped_children_cpu_s, watched)),
        }

    def spent(self, worker_threads_s: float) -> NonWorkerCpu:
        now = self._readings()
        spent = {what: max(0.0, now[what] - self._cpu[what]) for what in now}
        if self._root not in self._worker_pids:
            driver_s = spent["root"]
            own_s = spent["workers"] - worker_threads_s
        else:
            driver_s = 0.0 if self._workers_hold_main else spent["main"]
            own_s = spent["workers"] - worker_threads_s - driver_s
        grain_s = GRAIN_S * len(self._workers)
        return NonWorkerCpu(own_s if own_s > grain_s else 0.0, spent["children"], driver_s)


def _cpu_or_nothing(pid: int) -> float:
    try:
        return proc.process_cpu_s(pid)
    except OSError:
        return 0.0  # ended meanwhile: its CPU is in its parent's reaped children's
