"""RQ's settings (python-rq.org: Workers, Jobs)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.units import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gilscope.queues.settings.ground import Ground
    from gilscope.records import QueueSetting

__all__ = ["settings"]

#: Imports that are named.
NAMED = 3
CLASSES = {
    "rq": ("Worker", "forks for each job, whose crash or leak ends with it"),
    "rq-simple": ("SimpleWorker", "forks for none: no heartbeat while a job runs, and a crash takes the worker along"),
}


def settings(ground: Ground) -> Iterator[QueueSetting]:
    """Of the worker pool, then of the queue."""
    name, nature = CLASSES[ground.trial.backend]
    yield ground.set("worker_class", name, f"it {nature}; {ground.variant_reason()}")
    yield ground.set("num_workers", ground.trial.workers, ground.workers_reason())
    yield ground.batching()
    yield ground.set("default_timeout", ground.limit_s, ground.limit_reason)
    yield ground.set("preload", True, _preloading(ground))


def _preloading(ground: Ground) -> str:
    whole_s = sum(cost.seconds for cost in ground.imports)
    if not whole_s:
        return "no import of a millisecond or more was seen; it does no harm"
    named = ", ".join(f"{cost.module} {duration(cost.seconds)}" for cost in ground.imports[:NAMED])
    paid = "for each job, in its fork" if ground.trial.backend == "rq" else "by each worker, at its first job"
    return f"imports take {duration(whole_s)} ({named}), paid {paid}, unless the workers' parent has done them"
