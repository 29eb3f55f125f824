"""Programs to paste for task queues: each is a module that its workers load too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gilscope.decide.code.programs import Templates
from gilscope.decide.code.target import Execution
from gilscope.queues.settings.measured import BATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import QueueSetting

__all__ = ["TEMPLATES", "execution_of"]

TEMPLATES: Final = Templates(
    __name__,
    {
        **dict.fromkeys(("rq", "rq-simple"), "rq"),
        **dict.fromkeys(("celery", "celery-threads", "celery-gevent"), "celery"),
        **dict.fromkeys(("dask", "dask-threads"), "dask"),
    },
)
#: The settings that say how many workers there are.
_COUNTS: Final = ("--concurrency", "num_workers", "n_workers")


def execution_of(settings: Sequence[QueueSetting]) -> Execution:
    """One engine's settings, as a way to run the function."""
    given = {setting.setting: setting.value for setting in settings if setting.value is not None}
    counted = next(given[name] for name in _COUNTS if name in given)
    return Execution(settings[0].engine, int(counted), int(given[BATCH]), settings=given)
