"""What a network does to each task queue: measured once more, with a round trip on the way to its broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from gilscope.backends.base import Configuration
from gilscope.measure.trial import TrialEnded
from gilscope.queues import variables
from gilscope.records import QueueFigures, Trial
from gilscope.units import given_duration

if TYPE_CHECKING:
    from gilscope.extensions import Laboratory

__all__ = ["configuration_of", "measured", "needed_s"]

#: Tasks without calls that are enqueued at once, and all that are made, with those one at a time.
BACKLOG, TASKS = 10, 20
#: The most round trips that a task of any queue takes: RQ's, whose workers write down each step.
VISITS = 13
#: What a process takes to be up, and the most that is kept for all this of what the budget has left.
UP_S, MOST = 0.5, 0.5
NO_TIME = "the budget had no time left for it: give more with --budget"


def needed_s(laboratory: Laboratory, rtt_s: float) -> float:
    """Seconds to keep for `measured`."""
    each_s = (_needed_s(trial, laboratory, rtt_s) for trial in _queued(laboratory))
    return min(sum(each_s), MOST * max(0.0, laboratory.spare_s))


def _needed_s(trial: Trial, laboratory: Laboratory, rtt_s: float) -> float:
    """As long as without a delay to start, and then its tasks."""
    task_s = laboratory.dispatch_s.get(trial.backend, 0.0)
    return UP_S + (trial.import_s or 0.0) + (trial.startup_s or 0.0) + TASKS * (task_s + VISITS * rtt_s)


def measured(laboratory: Laboratory, rtt_s: float) -> dict[Configuration, QueueFigures]:
    """What the queue of each trial takes with the round trip in between, or why that is unknown."""
    return {configuration_of(trial): _delayed(laboratory, trial, rtt_s) for trial in _queued(laboratory)}


def _queued(laboratory: Laboratory) -> Sequence[Trial]:
    return [trial for trial in laboratory.living if trial.queue is not None]


def configuration_of(trial: Trial) -> Configuration:
    """What the trial is of."""
    return Configuration(trial.backend, trial.workers, trial.chunksize, trial.start_method)


def _delayed(laboratory: Laboratory, trial: Trial, rtt_s: float) -> QueueFigures:
    if laboratory.spare_s <= 0:
        return QueueFigures(rtt_s=rtt_s, reason=NO_TIME)
    laboratory.say(f"measuring {trial.name} with a network round trip of {given_duration(rtt_s)}")
    try:
        taken = laboratory.without_calls(configuration_of(trial), BACKLOG, {variables.RTT_S: repr(rtt_s)})
    except TrialEnded as ended:
        return QueueFigures(rtt_s=rtt_s, reason=NO_TIME if ended.status == "timeout" else ended.reason)
    return msgspec.structs.replace(taken or QueueFigures(), rtt_s=rtt_s)
