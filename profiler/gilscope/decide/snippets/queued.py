"""Task queues: a program for each is a module that its workers load too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gilscope.decide.snippets.celery import on_celery
from gilscope.decide.snippets.dask import on_dask
from gilscope.decide.snippets.facts import Setup
from gilscope.decide.snippets.rq import on_rq

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gilscope.decide.snippets.program import Program
    from gilscope.records import QueueSetting

__all__ = ["ENGINES", "queued", "setup_of"]

ENGINES: Final[Mapping[str, Callable[..., None]]] = {
    "rq": on_rq,
    "rq-simple": on_rq,
    "celery": on_celery,
    "celery-threads": on_celery,
    "celery-gevent": on_celery,
    "dask": on_dask,
    "dask-threads": on_dask,
}

#: The setting that says how many calls go in a task (`gilscope.queues.settings.ground.BATCH`).
BATCH = "calls a task"
#: The settings that say how many workers there are.
COUNTS = ("--concurrency", "num_workers", "n_workers")


def setup_of(settings: Sequence[QueueSetting]) -> Setup:
    """One engine's settings, as a way to run the function."""
    given = {setting.setting: setting.value for setting in settings if setting.value is not None}
    counted = next(given[name] for name in COUNTS if name in given)
    return Setup(settings[0].engine, int(counted), int(given[BATCH]), settings=given)


def queued(program: Program, setup: Setup, *, own_threads: bool) -> None:
    """Tasks for each input or batch of inputs; whoever sends them waits for the results."""
    program.apart = True
    program.blocking = True
    ENGINES[setup.backend](program, setup, own_threads=own_threads)
