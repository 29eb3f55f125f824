"""Gathering what the tasks of one session take beside their calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from statistics import fmean
from time import perf_counter
from typing import Literal

import psutil

from gilscope.backends.base import ChunkReport
from gilscope.quantiles import quantile
from gilscope.records import QueueFigures

__all__ = ["IDLE_TASKS", "Meter", "cpu_s"]

#: The first of the tasks without calls fill caches; the others show what a round trip takes.
WARM_UP = 2
IDLE_TASKS = WARM_UP + 7


class Meter:
    """Readings in seconds, in lists that may be added to as they come; an empty one is unknown."""

    def __init__(self, broker: Literal["redis", "rabbitmq"] | None = None) -> None:
        self._broker = broker
        self.enqueue: list[float] = []
        """Of each task, in the caller."""
        self.execute: list[float] = []
        """Of each task with calls."""
        self.idle_wait: list[float] = []
        self.fetch: list[float] = []
        self.round_trip: list[float] = []
        """Of each task without calls on an idle queue."""
        self.worker_cpu: list[float] = []
        """Of each task, beside its calls."""
        self._broker_cpu_s = 0.0
        self._broker_tasks = 0
        self._backlogs: list[float] = []

    def idle(self, number: int, began_s: float, ended_s: float, fetched_s: float, done: ChunkReport) -> None:
        """The ``number``-th of `IDLE_TASKS` tasks without calls, one at a time: from its enqueueing to having its
        result, to having that once more."""
        if number >= WARM_UP:
            self.round_trip.append(ended_s - began_s)
            self.fetch.append(fetched_s - ended_s)
            if done.one_clock:
                self.idle_wait.append((done.started_ns - done.submitted_ns) / 1e9)

    def executed(self, done: ChunkReport) -> None:
        """A task is done."""
        if done.calls:
            self.execute.append((done.ended_ns - done.started_ns) / 1e9)

    @contextmanager
    def round(self, chunks: Sequence[Sized], cpu_s: Callable[[], tuple[float | None, float | None]]) -> Iterator[None]:
        """Within, a task for each of the chunks of calls is run; those without calls show the backlog.

        :param cpu_s: gives the broker's CPU so far, and the workers', which is told only of tasks without calls
        """
        began, before = perf_counter(), cpu_s()
        yield
        wall_s, after = perf_counter() - began, cpu_s()
        broker_s, workers_s = (
            None if old is None or new is None else new - old for old, new in zip(before, after, strict=True)
        )
        if broker_s is not None:
            self._broker_cpu_s += broker_s
            self._broker_tasks += len(chunks)
        if chunks and not any(chunks):
            self._backlogs.append(len(chunks) / wall_s)
            self.worker_cpu += [] if workers_s is None else [workers_s / len(chunks)]

    @property
    def figures(self) -> QueueFigures:
        """What is known by now."""
        return QueueFigures(
            enqueue_s=fmean(self.enqueue) if self.enqueue else None,
            queue_wait_p50_s=quantile(self.idle_wait, 0.5),
            execute_p50_s=quantile(self.execute, 0.5),
            fetch_s=quantile(self.fetch, 0.5),
            round_trip_s=quantile(self.round_trip, 0.5),
            tasks_per_s=max(self._backlogs, default=None),
            broker_cpu_s=self._broker_cpu_s / self._broker_tasks if self._broker_tasks else None,
            worker_cpu_s=quantile(self.worker_cpu, 0.5),
            broker=self._broker,
        )


def cpu_s(pids: Iterable[int]) -> float | None:
    """CPU seconds so far, of all together; None when one of them is gone, and where none is known."""
    try:
        times = [psutil.Process(pid).cpu_times() for pid in pids]
    except psutil.Error:
        return None
    return sum(time.user + time.system for time in times) if times else None
