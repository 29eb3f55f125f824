"""Gathering what the tasks of one session take beside their calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import fmean, median
from typing import Any

import redis

from gilscope.queues.broker import Broker
from gilscope.records import QueueFigures

__all__ = ["Meter", "broker_cpu_s"]


class Meter:
    """Readings in seconds, in lists that may be added to as they come; an empty one is unknown."""

    def __init__(self) -> None:
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

    @contextmanager
    def broker(self, read_s: Callable[[], float | None], tasks: int) -> Iterator[None]:
        """Within, so many tasks are run; ``read_s`` gives the broker's CPU so far."""
        before = read_s()
        yield
        after = read_s()
        if before is not None and after is not None:
            self._broker_cpu_s += after - before
            self._broker_tasks += tasks

    def backlog(self, tasks: int, wall_s: float) -> None:
        """So many tasks without calls, enqueued at once, are done."""
        self._backlogs.append(tasks / wall_s)

    @property
    def figures(self) -> QueueFigures:
        """What is known by now."""
        return QueueFigures(
            enqueue_s=fmean(self.enqueue) if self.enqueue else None,
            queue_wait_p50_s=_middle(self.idle_wait),
            execute_p50_s=_middle(self.execute),
            fetch_s=_middle(self.fetch),
            round_trip_s=_middle(self.round_trip),
            tasks_per_s=max(self._backlogs, default=None),
            broker_cpu_s=self._broker_cpu_s / self._broker_tasks if self._broker_tasks else None,
            worker_cpu_s=_middle(self.worker_cpu),
        )


def _middle(values: list[float]) -> float | None:
    return median(values) if values else None


def broker_cpu_s(broker: Broker, connection: redis.Redis) -> float | None:
    """CPU of the broker's server so far, by its own account; None where it serves others too."""
    if not broker.private:
        return None
    told: Any = connection.info("cpu")
    return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])
