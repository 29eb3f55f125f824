"""What an expert would set of each task queue that was measured, with the figures it follows from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gilscope.queues.celery import settings as celery
from gilscope.queues.dask import settings as dask
from gilscope.queues.rq import settings as rq
from gilscope.queues.settings.measured import measured_queue

if TYPE_CHECKING:
    from gilscope.records import QueueSetting, ResultRecord

__all__ = ["queue_settings"]

_FAMILIES: Final = (
    (("rq", "rq-simple"), rq.settings),
    (("celery", "celery-threads", "celery-gevent"), celery.settings),
    (("dask", "dask-threads"), dask.settings),
)


def queue_settings(result: ResultRecord) -> tuple[QueueSetting, ...]:
    """The settings of RQ, of Celery and of Dask, as far as they were measured.

    Each in its best variant: the recommended one, else the fastest; of those that tie, the variant that suits the
    GIL-held share of a call, with the fewest workers. Tasks have as many calls as in the plan, if any.
    """
    found = ((measured_queue(family, result), settings) for family, settings in _FAMILIES)
    return tuple(setting for queue, settings in found if queue is not None for setting in settings(queue))
