"""What a result says of the task queues that were measured: a plan, their settings, and the programs with these in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from gilscope.decide.noise import TIE_MARGIN
from gilscope.decide.snippets import CodeFacts, both_codes, setup_of
from gilscope.queues.capacity.plan import capacity
from gilscope.queues.network import configuration_of
from gilscope.queues.settings.engines import queue_settings
from gilscope.records import Capacity, Classification, QueueProgram, QueueSetting, Recommendation, ResultRecord

if TYPE_CHECKING:
    from gilscope.backends.base import Configuration
    from gilscope.extensions import R
    from gilscope.options import Options
    from gilscope.records import QueueFigures

__all__ = ["completed"]


def completed(result: R, options: Options, delayed: Mapping[Configuration, QueueFigures], code: CodeFacts | None) -> R:
    """The result with all of this.

    :param delayed: what the queue of a configuration took with a network round trip
    :param code: the target as a program names it
    """
    trials = tuple(
        msgspec.structs.replace(trial, queue_delayed=delayed.get(configuration_of(trial))) for trial in result.trials
    )
    result = msgspec.structs.replace(result, trials=trials)
    plan = _capacity(result, options)
    settings = _settings(result, plan)
    programs = _programs(settings, code, result.classification)
    return msgspec.structs.replace(
        result,
        capacity=plan,
        queue_settings=settings,
        queue_programs=tuple(program for program, _ in programs),
        recommendation=_with_program(result.recommendation, programs),
    )


def _capacity(result: ResultRecord, options: Options) -> Capacity | None:
    if options.wanted is None or result.demands is None:
        return None
    here = max(1, round(result.environment.cpus_usable))
    return capacity(options.wanted, result.demands, result.trials, (here, *options.predict_cpus), options.rtt_s)


def _settings(result: ResultRecord, plan: Capacity | None) -> tuple[QueueSetting, ...]:
    """Of each task queue that was measured."""
    return queue_settings(
        result.trials,
        result.demands,
        recommendation=result.recommendation,
        capacity=plan,
        imports=result.imports,
        floor=result.noise.floor if result.noise else TIE_MARGIN,
    )


def _programs(
    settings: Sequence[QueueSetting], code: CodeFacts | None, classification: Classification
) -> tuple[tuple[QueueProgram, str], ...]:
    """Of each engine that has settings: the program for a plain caller, and the code of the one for a coroutine."""
    if code is None:
        return ()
    setups = [setup_of(list(of_one)) for _, of_one in groupby(settings, key=attrgetter("engine"))]
    codes = [(setup.backend, both_codes(code, setup, "sync", classification)) for setup in setups]
    return tuple((QueueProgram(engine=engine, code=plain), on_loop) for engine, (plain, on_loop) in codes)


def _with_program(recommendation: Recommendation, programs: Sequence[tuple[QueueProgram, str]]) -> Recommendation:
    """With the engine's settings in its code, where a task queue is recommended: to a plain caller, always."""
    found = next((both for both in programs if both[0].engine == recommendation.backend), None)
    if found is None:
        return recommendation
    program, on_loop = found
    return msgspec.structs.replace(recommendation, code=program.code, other_code=on_loop)
