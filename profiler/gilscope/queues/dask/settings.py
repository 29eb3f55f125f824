"""Dask's settings (distributed.dask.org: Efficiency, Worker)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gilscope.queues.settings.measured import SHARED_GIL
from gilscope.units import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gilscope.queues.settings.measured import MeasuredQueue
    from gilscope.records import QueueSetting

__all__ = ["settings"]


def settings(queue: MeasuredQueue) -> Iterator[QueueSetting]:
    """Of the cluster."""
    processes, threads = _shape(queue)
    yield queue.set("n_workers", processes, queue.workers_reason())
    yield queue.set("threads_per_worker", threads, _why(queue, threads))
    yield queue.batching()


def _shape(queue: MeasuredQueue) -> tuple[int, int]:
    """Processes, and threads in each: as measured; where both ways tie, no more threads than one GIL has room for."""
    workers = queue.trial.workers
    if queue.trial.backend == "dask-threads":
        return 1, workers
    if not queue.tied or queue.held is None:
        return workers, 1
    processes = math.ceil(workers / _room(queue.held, workers))
    return processes, math.ceil(workers / processes)


def _room(held: float, workers: int) -> int:
    return workers if held * workers <= SHARED_GIL else max(1, math.floor(SHARED_GIL / held))


def _why(queue: MeasuredQueue, threads: int) -> str:
    why = queue.variant_reason()
    if queue.held is not None and threads < (room := _room(queue.held, queue.trial.workers)):
        return (
            why
            if queue.other
            else f"{why}; one GIL has room for {counted(room, 'thread')}: measure -b dask-threads too"
        )
    return why
