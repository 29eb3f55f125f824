"""What a campaign has measured so far, as records: for its own decision to stop, and for the conclusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from gilscope.decide.classify import classify
from gilscope.decide.demands import combine
from gilscope.decide.recommend import recommend
from gilscope.decide.throughput import with_throughput
from gilscope.measure.live import LiveTrial
from gilscope.measure.record import costs_of, ledgers_of, trial_record
from gilscope.records import Classification, Kind, Trial

if TYPE_CHECKING:
    from gilscope.analysis.campaign import Campaign

__all__ = ["classification_of", "kind_of", "mean_call_s", "records_of", "settled"]

#: The confidence in a recommendation at which more rounds are not worth their time.
SURE = 0.99


def kind_of(campaign: Campaign) -> Kind:
    """The kind of the target; plain as long as it is not known."""
    loaded = campaign.solo.trial.loaded if campaign.solo else None
    return loaded.kind if loaded else "sync"


def mean_call_s(campaign: Campaign) -> float | None:
    """Solo seconds of an average call, each input counting the same."""
    costs = costs_of(campaign.solo.trial) if campaign.solo else {}
    return sum(costs.values()) / len(costs) if costs else None


def records_of(campaign: Campaign) -> tuple[Trial, ...]:
    """The trials so far, with their throughput and speed-up."""
    if campaign.solo is None:
        return ()
    costs = costs_of(campaign.solo.trial)
    return with_throughput([_record(trial, costs, campaign) for trial in campaign.trials], mean_call_s(campaign))


def _record(trial: LiveTrial, costs: Mapping[int, float], campaign: Campaign) -> Trial:
    ledgers = ledgers_of(trial)
    record = trial_record(trial, costs, combine(ledgers) if ledgers else None)
    pickled = campaign.solo.pickled if campaign.solo else None
    if pickled is None or campaign.facts[record.backend].shares_gil:
        return record
    return msgspec.structs.replace(record, pickle_bytes=pickled.bytes, pickle_s=pickled.seconds)


def classification_of(campaign: Campaign, trials: Sequence[Trial]) -> Classification:
    """What kind of work the target does, by the solo trial."""
    solo = next((trial for trial in trials if trial.backend == "serial"), None)
    ledger = solo.ledger if solo else None
    held = ledger.gil_held_ratio if ledger else None
    return classify(
        campaign.demands(),
        samples=ledger.samples if ledger else 0,
        gil_held_ratio=campaign.hot_gil_held_ratio if held is None else held,
        gil_enabled=campaign.machine.gil_enabled,
        dispatch_s=campaign.machine.dispatch_s,
        error_share=solo.errors / solo.calls if solo and solo.calls else 0.0,
    )


def settled(campaign: Campaign) -> bool:
    """Whether the rounds so far leave no doubt about the best configuration."""
    trials = records_of(campaign)
    advice = recommend(
        trials,
        classification_of(campaign, trials),
        kind=kind_of(campaign),
        simplicity=campaign.simplicity,
        context=campaign.options.context,
        call_s=mean_call_s(campaign),
    )
    return advice.backend is not None and advice.confidence >= SURE
