"""What a result says of the task queues that were measured: a plan, their settings, and the programs with these in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from gilscope.decide.code import CodeTarget, Execution, both_programs
from gilscope.queues.capacity.plan import capacity
from gilscope.queues.code import TEMPLATES, execution_of
from gilscope.queues.network import configuration_of
from gilscope.queues.settings.engines import queue_settings
from gilscope.records import Capacity, Classification, QueueProgram, QueueSetting, Recommendation, ResultRecord

if TYPE_CHECKING:
    from gilscope.backends.base import Configuration
    from gilscope.extensions import R
    from gilscope.options import Options
    from gilscope.records import QueueFigures

__all__ = ["completed"]


def completed(
    result: R, options: Options, delayed: Mapping[Configuration, QueueFigures], target: CodeTarget | None
) -> R:
    """The result with all of this.

    :param delayed: what the queue of a configuration took with a network round trip
    :param target: as a program names it
    """
    trials = tuple(
        msgspec.structs.replace(trial, queue_delayed=delayed.get(configuration_of(trial))) for trial in result.trials
    )
    result = msgspec.structs.replace(result, trials=trials)
    result = msgspec.structs.replace(result, capacity=_capacity(result, options))
    settings = queue_settings(result)
    programs = _programs(settings, target, result.classification)
    return msgspec.structs.replace(
        result,
        queue_settings=settings,
        queue_programs=tuple(QueueProgram(engine=engine, code=plain) for engine, (plain, _) in programs.items()),
        recommendation=_with_program(result.recommendation, programs, target, result.classification),
    )


def _capacity(result: ResultRecord, options: Options) -> Capacity | None:
    if options.wanted is None or result.demands is None:
        return None
    here = max(1, round(result.environment.cpus_usable))
    return capacity(options.wanted, result.demands, result.trials, (here, *options.predict_cpus), options.rtt_s)


def _programs(
    settings: Sequence[QueueSetting], target: CodeTarget | None, classification: Classification
) -> dict[str, tuple[str, str]]:
    """By engine that has settings: the program for a plain caller, and the one for a coroutine."""
    if target is None:
        return {}
    ways = [execution_of(list(of_one)) for _, of_one in groupby(settings, key=attrgetter("engine"))]
    return {way.backend: both_programs(target, way, "sync", classification, TEMPLATES) for way in ways}


def _with_program(
    said: Recommendation,
    programs: Mapping[str, tuple[str, str]],
    target: CodeTarget | None,
    classification: Classification,
) -> Recommendation:
    """With the engine's settings, as far as known, in its code, where a task queue is recommended: to a plain caller,
    always."""
    if target is None or said.backend is None or said.backend not in TEMPLATES.files:
        return said
    way = Execution(said.backend, said.workers or 1, said.chunksize or 1)
    found = programs.get(said.backend) or both_programs(target, way, "sync", classification, TEMPLATES)
    return msgspec.structs.replace(said, code=found[0], other_code=found[1])
