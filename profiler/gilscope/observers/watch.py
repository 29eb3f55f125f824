"""One observed round: readings before, samples during, readings after, and the ledger that follows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from gilscope.observers import proc, psutil_
from gilscope.observers.account import Beside, ledger_of
from gilscope.observers.children import ChildCount
from gilscope.observers.gil import GilLayout
from gilscope.observers.sampler import Pace, Sampler
from gilscope.observers.timeline import MOST_LANES, timeline_of
from gilscope.records import Ledger, Timeline
from gilscope.thread_address import ThreadAddress

__all__ = ["Interpreter", "Observer", "ProcObserver", "PsutilObserver", "Watched"]


#: A running thread's schedstat is brought up to date at the kernel's ticks, a process's CPU clock at once: so much per
#: worker is a difference between clocks, and no other thread's CPU.
GRAIN_S = 0.01


@dataclass(frozen=True)
class Interpreter:
    """What is known of the GIL of the watched interpreters."""

    enabled: bool = True
    layout: GilLayout | None = None

    @property
    def known(self) -> bool:
        """Whether the GIL's states can be told: its place is known, or there is none."""
        return self.layout is not None or not self.enabled


@dataclass(frozen=True)
class Watched:
    """What one observed round showed."""

    ledger: Callable[[int], Ledger | None]
    """Given the calls it made; None when no worker could be read to the end."""
    timeline: Timeline | None = None
    """None where nothing was sampled."""


class Observer(Protocol):
    """Watches the workers of one trial, round by round."""

    pace: Pace | None

    @property
    def children_started(self) -> int | None:
        """The most processes seen alive at a time that calls started; None when nobody looked."""

    def watch(self, wait: Callable[[float], bool]) -> Watched:
        """Watch until ``wait(seconds)`` says the round has ended.

        :raises OSError: when a watched process is gone
        """

    def close(self) -> None: ...


class ProcObserver:
    """Linux's /proc, and the GIL read from memory.

    :param root: the trial's process: the pool's parent
    :raises OSError: when a worker may not be watched
    """

    def __init__(
        self, root: int, workers: Sequence[ThreadAddress], gil: Interpreter, rate_hz: float, rng: random.Random
    ) -> None:
        self._root = root
        self._gil = gil
        self._rate_hz = rate_hz
        self._rng = rng
        self._workers = workers
        Sampler(workers, gil.layout, rate_hz, rng).close()  # refused here rather than in the middle of a round
        self.pace: Pace | None = Pace(rate_hz)
        self._children = ChildCount(root)

    @property
    def children_started(self) -> int | None:
        return self._children.most

    def watch(self, wait: Callable[[float], bool]) -> Watched:
        sampler = Sampler(self._workers, self._gil.layout, self._rate_hz, self._rng)
        traces = [(watched.worker, watched.record()) for watched in sampler.workers[:MOST_LANES]]
        try:
            beside = _Beside(self._root, self._workers)
            before = [watched.files.scheduled() for watched in sampler.workers]
            began = time.perf_counter()
            sampler.run(lambda seconds: self._counting(wait, seconds))
            wall_s = time.perf_counter() - began
            after = [watched.files.scheduled() for watched in sampler.workers]
            spent = beside.spent(sum(b.run_s - a.run_s for a, b in zip(before, after, strict=True)))
        finally:
            sampler.close()
        self._add(sampler.pace)
        workers = [(b - a, watched.counts) for a, b, watched in zip(before, after, sampler.workers, strict=True)]
        watches = [interpreter.watch for interpreter in sampler.interpreters.values()]
        gil = self._gil
        return Watched(
            lambda calls: ledger_of(wall_s, workers, watches, calls, spent, gil.known, gil.enabled),
            timeline_of(traces, began, wall_s, gil.known, gil.enabled),
        )

    def _counting(self, wait: Callable[[float], bool], seconds: float) -> bool:
        """``wait``, with a look at the processes that calls have started."""
        began = time.perf_counter()
        self._children.look()
        return wait(seconds - (time.perf_counter() - began))

    def _add(self, pace: Pace) -> None:
        assert self.pace is not None
        self.pace.moments += pace.moments
        self.pace.missed += pace.missed
        self.pace.errors += pace.errors
        self.pace.elapsed_s += pace.elapsed_s
        self.pace.cpu_s += pace.cpu_s

    def close(self) -> None:
        """Nothing stays open between rounds."""


class _Beside:
    """CPU spent beside the workers: their processes' other threads, the pool's parent, processes they start."""

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
            "main": proc.thread_cpu_s(self._root, self._root),
            "root": proc.process_cpu_s(self._root),
            "children": sum(map(_cpu_or_nothing, others)) + sum(map(proc.reaped_children_cpu_s, watched)),
        }

    def spent(self, worker_threads_s: float) -> Beside:
        now = self._readings()
        spent = {what: max(0.0, now[what] - self._cpu[what]) for what in now}
        if self._root not in self._worker_pids:
            driver_s = spent["root"]
            own_s = spent["workers"] - worker_threads_s
        else:
            driver_s = 0.0 if self._workers_hold_main else spent["main"]
            own_s = spent["workers"] - worker_threads_s - driver_s
        grain_s = GRAIN_S * len(self._workers)
        return Beside(own_s if own_s > grain_s else 0.0, spent["children"], driver_s)


def _cpu_or_nothing(pid: int) -> float:
    try:
        return proc.process_cpu_s(pid)
    except OSError:
        return 0.0  # ended meanwhile: its CPU is in its parent's reaped children's


class PsutilObserver:
    """psutil where there is no /proc: CPU exact, blocked time undivided, nothing known of the GIL."""

    def __init__(self, workers: Sequence[ThreadAddress]) -> None:
        self._meter = psutil_.PsutilMeter([(worker.pid, worker.tid) for worker in workers])
        self.pace: Pace | None = None
        self.children_started: int | None = None

    def watch(self, wait: Callable[[float], bool]) -> Watched:
        before, began = self._meter.snapshot(), time.perf_counter()
        while not wait(1.0):
            pass
        wall_s = time.perf_counter() - began
        after = self._meter.snapshot()
        ledger = psutil_.account(before, after, wall_s, self._meter.workers)
        return Watched(lambda calls: None if ledger is None else msgspec.structs.replace(ledger, calls=calls))

    def close(self) -> None:
        """Nothing stays open."""
