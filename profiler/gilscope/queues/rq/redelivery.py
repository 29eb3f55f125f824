"""RQ's tasks that are handed out again, where the worker that had them is lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rq import Queue
from rq.job import Job
from rq.results import Result

from gilscope.queues.processes import WorkersLost

__all__ = ["MOST_TIMES", "Redelivery"]

#: So often at most, of each task: one that ends its worker would end them all.
MOST_TIMES = 2


class Redelivery:
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

    def hand_out(self, worker: str, reason: str) -> None:
        """Put back what the worker of this name had in hand. One that was only cut off may do it as well: the first
        result counts.

        :param reason: how it was lost
        :raises WorkersLost: when a task has been handed out again `MOST_TIMES` before
        """
        for job in self._held_by(worker):
            self._times[job.id] += 1
            if self._times[job.id] > MOST_TIMES:
                raise WorkersLost(f"one task lost {MOST_TIMES + 1} workers; the last: {reason}")
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
