"""RQ's settings (python-rq.org: Workers, Jobs)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.units import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gilscope.queues.settings.measured import MeasuredQueue
    from gilscope.records import QueueSetting

__all__ = ["settings"]

#: Imports that are named.
NAMED = 3
CLASSES = {
    "rq": ("Worker", "forks for each job, whose crash or leak ends with it"),
    "rq-simple": ("SimpleWorker", "forks for none: no heartbeat while a job runs, and a crash takes the worker along"),
}


def settings(queue: MeasuredQueue) -> Iterator[QueueSetting]:
    """Of the worker pool, then of the queue."""
    name, nature = CLASSES[queue.trial.backend]
    yield queue.set("worker_class", name, f"it {nature}; {queue.variant_reason()}")
    yield queue.set("num_workers", queue.trial.workers, queue.workers_reason())
    yield queue.batching()
    yield queue.set("default_timeout", queue.limit_s, queue.limit_reason)
    yield queue.set("preload", True, _preloading(queue))


def _preloading(queue: MeasuredQueue) -> str:
    whole_s = sum(cost.seconds for cost in queue.imports)
    if not whole_s:
        return "no import of a millisecond or more was seen; it does no harm"
    named = ", ".join(f"{cost.module} {duration(cost.seconds)}" for cost in queue.imports[:NAMED])
    paid = "for each job, in its fork" if queue.trial.backend == "rq" else "by each worker, at its first job"
    return f"imports take {duration(whole_s)} ({named}), paid {paid}, unless the workers' parent has done them"
