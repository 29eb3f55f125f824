"""Facts about the target that a few calls more tell, once the rounds are done: its libraries' own threads, and whether
its results stay the same when it runs concurrently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.analysis.gather import kind_of
from gilscope.analysis.rounds import PATIENCE, PATIENCE_S, attempt, call_s_of
from gilscope.decide.result_check import Compared, compare, compare_alone
from gilscope.measure.live import LiveTrial

if TYPE_CHECKING:
    from gilscope.analysis.campaign import Campaign

__all__ = ["compare_results", "look_for_native_pools"]

#: The part of the budget that comparing results may take, over all trials, and the most calls of one trial.
COMPARING_SHARE, MOST_CALLS = 0.05, 200
#: What digesting an argument and a result takes at most, about.
DIGEST_S = 0.001


def look_for_native_pools(campaign: Campaign) -> None:
    """Ask the solo trial, whose calls have loaded by now what they load."""
    solo = campaign.solo
    if solo is not None and solo.trial.alive:
        limit = campaign.budget.deadline(PATIENCE_S)
        attempt(campaign, solo.trial, lambda: solo.trial.look_for_native_pools(limit))


def compare_results(campaign: Campaign) -> None:
    """Compare the results of each trial with those of the serial run, where calls are cheap and none has failed."""
    others = [trial for trial in campaign.others if trial.alive and not trial.errors]
    calls = calls_to_compare(campaign, len(others))
    if campaign.solo is None or not calls or not _comparable(campaign):
        return
    campaign.say("comparing results")
    alone = campaign.solo.trial
    inputs = min(alone.inputs_used, calls)
    expected = _digests(campaign, alone, max(2 * inputs, calls), inputs)
    _note(alone, compare_alone(expected))
    for trial in others if expected else ():
        _note(trial, compare(expected, _digests(campaign, trial, calls, inputs)))


def calls_to_compare(campaign: Campaign, trials: int) -> int:
    """Calls that each of so many trials can make for it, the serial one twice as many; 0 when there is no room for two
    that could meet."""
    if not trials or campaign.solo is None or campaign.solo.call_s is None:
        return 0
    each_s = (trials + 2) * (call_s_of(campaign) + DIGEST_S)
    room_s = min(COMPARING_SHARE * campaign.options.budget_s, campaign.budget.remaining_s)
    calls = min(MOST_CALLS, int(room_s / each_s), campaign.budget.calls_left // (trials + 2))
    return calls if calls >= 2 else 0


def _comparable(campaign: Campaign) -> bool:
    """Whether there is something to compare with: a generator's results are drained."""
    alone = campaign.solo.trial if campaign.solo else None
    return alone is not None and alone.alive and not alone.errors and kind_of(campaign) in ("sync", "coroutine")


def _digests(campaign: Campaign, trial: LiveTrial, calls: int, inputs: int) -> dict[str, list[str]]:
    """By input; none when the trial ended in it."""
    made: dict[str, list[str]] = {}
    before, patience_s = trial.calls, max(PATIENCE_S, PATIENCE * calls * call_s_of(campaign))
    limit = campaign.budget.deadline(min(campaign.options.timeout_s, patience_s))
    attempt(campaign, trial, lambda: made.update(trial.digests(calls, inputs, limit)))
    campaign.budget.spend(trial.calls - before)
    return made


def _note(trial: LiveTrial, compared: Compared) -> None:
    if compared.results:
        trial.results_compared, trial.results_differing = compared
