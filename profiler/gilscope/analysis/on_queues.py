"""What comes out for the task queues that were measured: their settings, and the programs with these in them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from gilscope.decide.noise import TIE_MARGIN
from gilscope.decide.snippets import CodeFacts, both_codes, setup_of
from gilscope.queues.settings.engines import queue_settings
from gilscope.records import Capacity, Classification, QueueProgram, QueueSetting, Recommendation, Trial

if TYPE_CHECKING:
    from gilscope.analysis.campaign import Campaign

__all__ = ["programs_of", "settings_of", "with_program"]


def settings_of(
    campaign: Campaign, trials: Sequence[Trial], recommendation: Recommendation, plan: Capacity | None
) -> tuple[QueueSetting, ...]:
    """Of each task queue that was measured."""
    loaded = campaign.solo.trial.loaded if campaign.solo else None
    return queue_settings(
        trials,
        campaign.demands(),
        recommendation=recommendation,
        capacity=plan,
        imports=loaded.imports if loaded else (),
        floor=campaign.noise.floor if campaign.noise else TIE_MARGIN,
    )


def programs_of(
    settings: Sequence[QueueSetting], snippet: CodeFacts | None, classification: Classification
) -> tuple[tuple[QueueProgram, str], ...]:
    """Of each engine that has settings: the program for a plain caller, and the code of the one for a coroutine."""
    if snippet is None:
        return ()
    setups = [setup_of(list(of_one)) for _, of_one in groupby(settings, key=attrgetter("engine"))]
    codes = [(setup.backend, both_codes(snippet, setup, "sync", classification)) for setup in setups]
    return tuple((QueueProgram(engine=engine, code=plain), on_loop) for engine, (plain, on_loop) in codes)


def with_program(recommendation: Recommendation, programs: Sequence[tuple[QueueProgram, str]]) -> Recommendation:
    """With the engine's settings in its code, where a task queue is recommended: to a plain caller, always."""
    found = next((both for both in programs if both[0].engine == recommendation.backend), None)
    if found is None:
        return recommendation
    program, on_loop = found
    return msgspec.structs.replace(recommendation, code=program.code, other_code=on_loop)
