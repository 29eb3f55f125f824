"""What a campaign lets one foresee beyond what it measured: the model's predictions, here and on other machines, from
what length of a call on a pool pays, and which inputs are not like the others."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from gilscope.analysis.gather import kind_of
from gilscope.decide.break_even import break_even
from gilscope.decide.classify import compute_share
from gilscope.decide.groups import Run, groups
from gilscope.decide.noise import TIE_MARGIN
from gilscope.decide.predict import predictions
from gilscope.decide.what_if import what_if
from gilscope.measure.record import runs_of
from gilscope.records import BreakEven, InputGroup, Prediction, Trial

if TYPE_CHECKING:
    from gilscope.analysis.campaign import Campaign
    from gilscope.decide.traits import BackendTraits

__all__ = ["break_evens_of", "groups_of", "predictions_of"]


def predictions_of(campaign: Campaign, trials: Sequence[Trial]) -> tuple[Prediction, ...]:
    """Of what was measured, then of the other machines that were asked for."""
    demands, machine, kind = campaign.demands(), campaign.machine, kind_of(campaign)
    if demands is None:
        return ()
    here = predictions(trials, demands, machine, kind=kind, backends=campaign.facts)
    elsewhere = what_if(
        demands,
        machine,
        kind=kind,
        backends=_possible(campaign, trials),
        trials=trials,
        cpus=campaign.options.predict_cpus,
        gil=campaign.options.predict_gil,
        margin=_floor(campaign),
    )
    known = {_configuration(prediction) for prediction in here}
    return (*here, *(prediction for prediction in elsewhere if _configuration(prediction) not in known))


def _possible(campaign: Campaign, trials: Sequence[Trial]) -> Mapping[str, BackendTraits]:
    """The backends that did not refuse the target."""
    refused = {trial.backend for trial in trials if trial.status == "refused"}
    return {name: facts for name, facts in campaign.facts.items() if name not in refused}


def _configuration(prediction: Prediction) -> tuple[object, ...]:
    to = prediction
    return to.backend, to.workers, to.threads_per_process, to.cpus, to.gil_enabled


def _floor(campaign: Campaign) -> float:
    return campaign.noise.floor if campaign.noise else TIE_MARGIN


def break_evens_of(campaign: Campaign, trials: Sequence[Trial]) -> tuple[BreakEven, ...]:
    """For each backend that was measured."""
    demands = campaign.demands()
    if demands is None:
        return ()
    return break_even(
        trials, demands, campaign.machine, kind=kind_of(campaign), backends=campaign.facts, floor=_floor(campaign)
    )


def groups_of(campaign: Campaign) -> tuple[InputGroup, ...]:
    """The inputs by the solo cost of their calls, numbered as they were given: trials take them in shuffled order."""
    loaded = campaign.solo.trial.loaded if campaign.solo else None
    if campaign.solo is None or loaded is None or loaded.bare:
        return ()
    made = {number: [Run(*run) for run in runs] for number, runs in runs_of(campaign.solo.trial).items()}
    order = random.Random(campaign.options.seed).sample(range(loaded.input_count), loaded.input_count)
    return tuple(
        msgspec.structs.replace(group, example=order[group.example]) for group in groups(made, _wait_share(campaign))
    )


def _wait_share(campaign: Campaign) -> float | None:
    demands = campaign.demands()
    computing = None if demands is None else compute_share(demands)
    return None if computing is None else 1 - computing
