"""RQ's tasks that are handed out again, where the worker that had them is lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rq import Queue
from rq.job import Job
from rq.results import Result

from gilscope.queues.workers.fleet import FleetLost

__all__ = ["AGAIN", "Again"]

#: So often at most, of each task: one that ends its worker would end them all.
AGAIN = 2


class Again:
    """The tasks of a session that are waited for."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._times: Counter[str] = Counter()
        self.awaited: dict[str, Job] = {}
        """By their ids; whoever waits keeps this."""

    @property
    def total(self) -> int:
        """Tasks handed out again so far, each as often as it was."""
        return self._times.total()

    def hand_out(self, worker: str, fate: str) -> None:
        """Put back what the worker of this name had in hand. One that was only cut off may do it as well: the first
        result counts.

        :raises FleetLost: when a task has been handed out again `AGAIN` times before
        """
        for job in self._held_by(worker):
            self._times[job.id] += 1
            if self._times[job.id] > AGAIN:
                raise FleetLost(f"one task lost {AGAIN + 1} workers; the last: {fate}")
            self._queue.enqueue_job(job)

    def _held_by(self, worker: str) -> list[Job]:
        """What a job tells of its worker; and those just taken from the queue by one that has not said so yet, which
        may be this one."""
        connection: Any = self._queue.connection
        taken = connection.lrange(self._queue.intermediate_queue_key, 0, -1)
        held = []
        for job in self.awaited.values():
            told = connection.hget(job.key, "worker_name")
            here = told == worker.encode() or (told is None and job.id.encode() in taken)
            if here and not connection.exists(Result.get_key(job.id)):  # type: ignore[no-untyped-call]
                held.append(job)
        return held
