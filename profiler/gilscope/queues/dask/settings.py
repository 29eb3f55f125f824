"""Dask's settings (distributed.dask.org: Efficiency, Worker)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gilscope.queues.settings.ground import SHARED_GIL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gilscope.queues.settings.ground import Ground
    from gilscope.records import QueueSetting

__all__ = ["settings"]


def settings(ground: Ground) -> Iterator[QueueSetting]:
    """Of the cluster."""
    processes, threads = _shape(ground)
    yield ground.set("n_workers", processes, ground.workers_reason())
    yield ground.set("threads_per_worker", threads, _why(ground, threads))
    yield ground.batching()


def _shape(ground: Ground) -> tuple[int, int]:
    """Processes, and threads in each: as measured; where both ways tie, no more threads than one GIL has room for."""
    workers = ground.trial.workers
    if ground.trial.backend == "dask-threads":
        return 1, workers
    if not ground.tied or ground.held is None:
        return workers, 1
    processes = math.ceil(workers / _room(ground.held, workers))
    return processes, math.ceil(workers / processes)


def _room(held: float, workers: int) -> int:
    return workers if held * workers <= SHARED_GIL else max(1, math.floor(SHARED_GIL / held))


def _why(ground: Ground, threads: int) -> str:
    why = ground.variant_reason()
    if ground.held is not None and threads < (room := _room(ground.held, ground.trial.workers)):
        return why if ground.other else f"{why}; one GIL has room for {room} threads: measure -b dask-threads too"
    return why
