"""What an expert would set of each task queue that was measured, with the figures it follows from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.noise import TIE_MARGIN
from gilscope.queues.celery import settings as celery
from gilscope.queues.dask import settings as dask
from gilscope.queues.rq import settings as rq
from gilscope.queues.settings.measured import measured_queue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import Capacity, Demands, ImportCost, QueueSetting, Recommendation, Trial

__all__ = ["queue_settings"]

_FAMILIES = (
    (("rq", "rq-simple"), rq.settings),
    (("celery", "celery-threads", "celery-gevent"), celery.settings),
    (("dask", "dask-threads"), dask.settings),
)


def queue_settings(
    trials: Sequence[Trial],
    demands: Demands | None,
    *,
    recommendation: Recommendation | None = None,
    capacity: Capacity | None = None,
    imports: Sequence[ImportCost] = (),
    floor: float = TIE_MARGIN,
) -> tuple[QueueSetting, ...]:
    """The settings of RQ, of Celery and of Dask, as far as they were measured.

    Each in its best variant: the recommended one, else the fastest; of those that tie, by ``floor``, the variant that
    suits the GIL-held share of a call, with the fewest workers.

    :param capacity: the plan, whose tasks have as many calls as the wanted rate needs
    :param imports: of the target
    """
    if demands is None:
        return ()
    measured = (
        (measured_queue(family, trials, demands, recommendation, capacity, imports, floor), settings)
        for family, settings in _FAMILIES
    )
    return tuple(setting for queue, settings in measured if queue is not None for setting in settings(queue))
