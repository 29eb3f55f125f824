"""One round of one trial, within the budget: how many calls, how long to wait, what becomes of a trial that ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gilscope.analysis.solo import MAX_CALLS
from gilscope.decide.rounds import calls_per_round
from gilscope.measure.live import LiveTrial, TimedRound
from gilscope.measure.trial import TrialEnded

if TYPE_CHECKING:
    from gilscope.analysis.campaign import Campaign

__all__ = ["attempt", "call_s_of", "run_calls", "run_round"]

#: A round may take so many times its expected length before its trial is stopped, and at least `PATIENCE_S`.
PATIENCE, PATIENCE_S = 10.0, 2.0
#: The part of `--timeout` that a round is planned to take, so that one that is slower than planned is no failure.
TIMEOUT_SHARE = 0.25
#: Chunks of one round: what they need in memory and in submitting is bounded.
MAX_CHUNKS = 20_000


def call_s_of(campaign: Campaign) -> float:
    """Mean seconds of a call, alone. Rounds are run once it is known."""
    assert campaign.solo is not None
    assert campaign.solo.call_s is not None
    return campaign.solo.call_s


def run_round(
    campaign: Campaign, trial: LiveTrial, round_s: float, *, observed: bool, keep: bool = True, most: int = MAX_CALLS
) -> None:
    """Run a round of about ``round_s`` and of ``most`` calls, and ``keep`` it."""
    round_s = min(round_s, TIMEOUT_SHARE * campaign.options.timeout_s)
    call_s = call_s_of(campaign)
    per_s = trial.expected_per_s or 1.0 / call_s
    to = trial.configuration
    chunk = _chunksize(campaign, trial)
    calls = calls_per_round(
        call_s,
        round_s,
        speedup=per_s * call_s,
        workers=to.workers,
        input_count=trial.inputs_used,
        max_calls=min(most, MAX_CHUNKS * chunk, campaign.budget.calls_left),
    )

    def step() -> None:
        made = run_calls(campaign, trial, calls, chunk, observed=observed, expected_s=calls / per_s)
        trial.expected_per_s = made.done.calls / made.done.wall_s
        if keep:
            trial.rounds.append(made)
            if len(trial.rounds) == 1:  # what a first round needs is no growth
                trial.weigh()

    attempt(campaign, trial, step)


def _chunksize(campaign: Campaign, trial: LiveTrial) -> int:
    """The solo loop takes some milliseconds of calls at once: there is nobody to hand them to."""
    assert campaign.solo is not None
    return campaign.solo.chunksize() if trial.configuration.backend == "serial" else trial.configuration.chunksize


def attempt(campaign: Campaign, trial: LiveTrial, step: Callable[[], Any]) -> None:
    """Do ``step``; a trial that ends in it keeps its fate. The end of the budget takes nothing from one that has
    rounds to show."""
    try:
        step()
    except TrialEnded as ended:
        fate: TrialEnded | None = ended
        if ended.status == "timeout" and campaign.budget.is_over:
            fate = None if trial.rounds else TrialEnded("timeout", "the budget was used up before it ended a round")
        trial.end(fate)


def run_calls(
    campaign: Campaign, trial: LiveTrial, calls: int, chunk: int, *, observed: bool, expected_s: float = 0.0
) -> TimedRound:
    """Run so many calls, patiently but not for ever.

    :raises TrialEnded: when the trial fails or does not answer in time
    """
    patience_s = min(campaign.options.timeout_s, max(PATIENCE_S, PATIENCE * expected_s))
    made = trial.run_round(calls, chunk, campaign.budget.deadline(patience_s), observed=observed)
    campaign.budget.spend(made.done.calls)
    return made
