"""Starting trials: a process each, its target loaded, its pool open and warm, its dispatch measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gilscope.analysis.rounds import attempt, call_s_of, run_calls
from gilscope.analysis.solo import START_TIMEOUT_S
from gilscope.configuration import Configuration
from gilscope.decide.predict import predict, stations_for
from gilscope.decide.rounds import chunksize
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.records import Demands

if TYPE_CHECKING:
    from gilscope.analysis.campaign import Campaign

__all__ = ["expected_per_s", "load", "open_trials", "prepare", "start", "warm_up"]

#: The first call of a worker takes up to so many times as long as its later ones: caches, connections, lazy imports.
SLOW_START = 4.0


def open_trials(campaign: Campaign, plans: Sequence[Configuration]) -> list[LiveTrial]:
    """Start a process for each plan, all at once; then open their pools one after the other, so that none slows
    another's start-up."""
    made = [LiveTrial(Configuration(plan.backend, plan.workers, plan.chunksize, plan.start_method)) for plan in plans]
    for trial in made:
        campaign.others.append(trial)
        start(campaign, trial)
    for trial in made:
        load(campaign, trial)
    for trial in [trial for trial in made if trial.alive]:
        campaign.say(f"opening {trial.configuration.backend} × {trial.configuration.workers}")
        attempt(campaign, trial, lambda: prepare(campaign, trial))  # noqa: B023  called at once
    return made


def start(campaign: Campaign, trial: LiveTrial, environment: Mapping[str, str] | None = None) -> None:
    """Start the process, which then imports the target by itself.

    :param environment: added to what every trial is told
    """
    trial.start({**campaign.environment, **(environment or {})})
    attempt(campaign, trial, lambda: trial.begin_loading(campaign.target, campaign.options.seed))


def load(campaign: Campaign, trial: LiveTrial) -> None:
    """Wait until the process is up and has imported the target."""
    limit = campaign.budget.deadline(START_TIMEOUT_S)

    def step() -> None:
        trial.process.hear(m.Hello, limit, "starting")
        trial.end_loading(limit)

    attempt(campaign, trial, step)


def prepare(campaign: Campaign, trial: LiveTrial) -> None:
    """Open the pool, and measure what it takes to hand over nothing.

    :raises TrialEnded: when that fails
    """
    assert campaign.solo is not None
    trial.open(campaign.solo.watching, campaign.budget.deadline(START_TIMEOUT_S))
    trial.timed = campaign.solo.trial.timed
    trial.inputs_used = campaign.solo.trial.inputs_used
    chunks = campaign.empty_chunks(trial.configuration.backend)
    trial.dispatch_each_s = trial.dispatch_s(chunks, campaign.budget.deadline(START_TIMEOUT_S))


def warm_up(campaign: Campaign, trial: LiveTrial, known: Demands, round_s: float) -> None:
    """A call for each worker, where it costs less than a round; and the chunksize, now that dispatch is known."""
    call_s = call_s_of(campaign)
    _choose_chunksize(campaign, trial, round_s)
    trial.expected_per_s = expected_per_s(campaign, trial.configuration, known)
    if trial.alive and call_s < round_s / 2 and campaign.budget.calls_left > 0:
        workers = min(trial.configuration.workers, campaign.budget.calls_left)
        attempt(campaign, trial, lambda: _first_calls(campaign, trial, workers))


def _first_calls(campaign: Campaign, trial: LiveTrial, workers: int) -> None:
    """What one call of each worker shows of the speed: where they stand in each other's way the model, which knows only
    the call alone, expects far too much of a round."""
    done = run_calls(campaign, trial, workers, 1, observed=False).done
    if trial.expected_per_s and workers == trial.configuration.workers:
        trial.expected_per_s = min(trial.expected_per_s, SLOW_START * workers / done.wall_s)


def _choose_chunksize(campaign: Campaign, trial: LiveTrial, round_s: float) -> None:
    to, facts = trial.configuration, campaign.facts[trial.configuration.backend]
    if not facts.pickles or campaign.options.chunksize or not trial.dispatch_each_s:
        return
    work_s = call_s_of(campaign) + campaign.machine.pickle_s
    size = chunksize(work_s, math.ceil(to.workers * round_s / work_s), to.workers, trial.dispatch_each_s)
    trial.configuration = Configuration(to.backend, to.workers, size, to.start_method)


def expected_per_s(campaign: Campaign, to: Configuration, known: Demands) -> float:
    """Calls per second, by the model: enough to size a first round."""
    from gilscope.analysis.gather import kind_of

    shape = campaign.facts[to.backend].shape(kind_of(campaign))
    stations = stations_for(shape, known, campaign.machine, backend=to.backend, chunksize=to.chunksize)
    if not any(station.demand_s > 0 for station in stations):  # calls so few and short that no CPU time was seen
        return to.workers / call_s_of(campaign)
    return predict(known, stations, campaign.machine, to.workers)[0]
