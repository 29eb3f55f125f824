"""What a campaign has measured so far, as records: for its own decision to stop, and for the conclusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from gilscope.decide.bounds import most_speedup
from gilscope.decide.classify import classify
from gilscope.decide.code import CodeTarget
from gilscope.decide.demands import combine
from gilscope.decide.noise import TIE_MARGIN
from gilscope.decide.recommend import contenders, recommend
from gilscope.decide.throughput import round_rates, with_throughput
from gilscope.measure.live import LiveTrial
from gilscope.measure.record import costs_of, ledgers_of, trial_record
from gilscope.observers.timeline import edges_in, fair_share, told_until
from gilscope.records import Classification, Kind, Recommendation, Trial

if TYPE_CHECKING:
    from gilscope.analysis.campaign import Campaign

__all__ = [
    "MOST_EDGES_IN_ALL",
    "advice",
    "classification_of",
    "contending",
    "kind_of",
    "mean_call_s",
    "rates_of",
    "records_of",
    "with_bounded_timelines",
]

#: Of the timelines of a result: with their states less than 300 kB of indented JSON.
MOST_EDGES_IN_ALL: Final = 6_000


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


def with_bounded_timelines(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The trials, their timelines as long as all of them together may be."""
    most = fair_share((edges_in(trial.timeline) for trial in trials if trial.timeline), MOST_EDGES_IN_ALL)
    return tuple(
        msgspec.structs.replace(trial, timeline=trial.timeline and told_until(trial.timeline, most)) for trial in trials
    )


def _record(trial: LiveTrial, costs: Mapping[int, float], campaign: Campaign) -> Trial:
    ledgers = ledgers_of(trial)
    record = trial_record(trial, costs, combine(ledgers) if ledgers else None)
    pickled = campaign.solo.pickled if campaign.solo else None
    if pickled is None or not campaign.facts[record.backend].pickles:
        return record
    return msgspec.structs.replace(
        record, pickle_bytes=pickled.bytes, pickle_s=pickled.seconds, reason=_which_part(record.reason, pickled.problem)
    )


def _which_part(reason: str | None, problem: str | None) -> str | None:
    """Why a trial was refused; of a result, which was in a worker, the solo run knows which part was in the way."""
    beginning = "a result cannot be pickled"
    both = all(text is not None and text.startswith(beginning) for text in (reason, problem))
    return problem if both else reason


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


def advice(
    campaign: Campaign, trials: Sequence[Trial] | None = None, target: CodeTarget | None = None
) -> Recommendation:
    """What would be recommended by the rounds so far."""
    trials = records_of(campaign) if trials is None else trials
    return recommend(
        trials,
        classification_of(campaign, trials),
        kind=kind_of(campaign),
        simplicity=campaign.simplicity,
        context=campaign.options.context,
        target=target,
        call_s=mean_call_s(campaign),
        floor=campaign.noise.floor if campaign.noise else TIE_MARGIN,
        bounds=_bounds(campaign),
    )


def _bounds(campaign: Campaign) -> dict[str, float]:
    """The most times the serial throughput, by backend."""
    known, kind, machine = campaign.demands(), kind_of(campaign), campaign.machine
    if known is None:
        return {}
    return {name: most_speedup(facts.shape(kind), known, machine) for name, facts in campaign.facts.items()}


def contending(campaign: Campaign, share: float) -> list[LiveTrial]:
    """The trials that reach ``share`` of the fastest of those that fit the caller, the fastest first."""
    records = records_of(campaign)
    near = contenders(
        records,
        classification_of(campaign, records),
        kind=kind_of(campaign),
        context=campaign.options.context,
        call_s=mean_call_s(campaign),
        share=share,
    )
    live = {id(record): trial for record, trial in zip(records, campaign.trials, strict=True)}
    return [live[id(record)] for record in near]


def rates_of(campaign: Campaign, trials: Sequence[LiveTrial] | None = None) -> list[list[float]]:
    """Calls per second of each clean round of each trial, fit to be compared."""
    assert campaign.solo is not None
    costs = costs_of(campaign.solo.trial)
    chosen = campaign.trials if trials is None else trials
    return round_rates([_record(trial, costs, campaign) for trial in chosen], mean_call_s(campaign))
