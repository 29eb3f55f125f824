"""What a network does to each task queue: measured once more, with a round trip on the way to its broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gilscope.analysis.opening import load, start
from gilscope.measure.live import LiveTrial
from gilscope.measure.trial import TrialEnded
from gilscope.queues.brokers.delay import RTT
from gilscope.records import QueueFigures

if TYPE_CHECKING:
    from gilscope.analysis.campaign import Campaign

__all__ = ["measure_delayed", "needed_s"]

#: Tasks without calls that are enqueued at once, and all that are made, with those one at a time.
BACKLOG, TASKS = 10, 20
#: The most round trips that a task of any queue takes: RQ's, whose workers write down each step.
VISITS = 13
#: What a process takes to be up, and the most that is kept for all this of what the budget has left.
UP_S, MOST = 0.5, 0.5
NO_TIME = "the budget had no time left for it: give more with --budget"


def needed_s(campaign: Campaign) -> float:
    """Seconds to keep for `measure_delayed`."""
    each_s = (_needed_s(trial, campaign.options.rtt_s) for trial in _awaiting(campaign))
    return min(sum(each_s), MOST * max(0.0, campaign.spare_s))


def _needed_s(trial: LiveTrial, rtt_s: float) -> float:
    """As long as without a delay to start, and then its tasks."""
    task_s = trial.dispatch_each_s or 0.0
    return UP_S + (trial.import_s or 0.0) + (trial.startup_s or 0.0) + TASKS * (task_s + VISITS * rtt_s)


def measure_delayed(campaign: Campaign) -> None:
    """Note of each trial what its queue takes with the round trip in between, or why that is unknown."""
    for trial in _awaiting(campaign):
        trial.queue_delayed = _delayed(campaign, LiveTrial(trial.configuration))


def _awaiting(campaign: Campaign) -> list[LiveTrial]:
    if not campaign.options.rtt_s:
        return []
    return [trial for trial in campaign.others if trial.alive and trial.queue is not None and not trial.queue_delayed]


def _delayed(campaign: Campaign, trial: LiveTrial) -> QueueFigures:
    rtt_s, to = campaign.options.rtt_s, trial.configuration
    if campaign.spare_s <= 0:
        return QueueFigures(rtt_s=rtt_s, reason=NO_TIME)
    campaign.say(f"measuring {to.backend} × {to.workers} with a network round trip of {1000 * rtt_s:g} ms")
    try:
        return msgspec.structs.replace(_taken(campaign, trial), rtt_s=rtt_s)
    except TrialEnded as ended:
        return QueueFigures(rtt_s=rtt_s, reason=NO_TIME if ended.status == "timeout" else ended.reason)
    finally:
        campaign.end(trial)


def _taken(campaign: Campaign, trial: LiveTrial) -> QueueFigures:
    """The figures of a trial of its own, which calls nothing.

    :raises TrialEnded: when it does not get that far
    """
    assert campaign.solo is not None
    limit = campaign.budget.deadline(campaign.spare_s)
    start(campaign, trial, {RTT: repr(campaign.options.rtt_s)})
    load(campaign, trial)
    trial.open(campaign.solo.watching, limit)
    trial.without_calls(BACKLOG, limit)
    return trial.queue or QueueFigures()
