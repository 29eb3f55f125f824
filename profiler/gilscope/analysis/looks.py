"""Looks at a few calls of the solo run, before rounds can be planned."""

from __future__ import annotations

import time

import msgspec

from gilscope.analysis.runner import Runner
from gilscope.configuration import Configuration
from gilscope.decide.cached import DEARER, MOST_PROBED, may_be_cached, repeats
from gilscope.decide.rounds import solo_chunksize
from gilscope.decide.warm import CHEAPER
from gilscope.measure.live import LiveTrial
from gilscope.measure.trial_account import TimedRound
from gilscope.records import Repeats

__all__ = ["FIRST_SHARE", "look", "look_for_a_cache"]

#: The part of the budget that looking at the first calls may take.
FIRST_SHARE = 0.4


def look(
    runner: Runner, trial: LiveTrial, calls: int, until: float, *, observed: bool = False, again: bool = False
) -> TimedRound:
    """So many calls, which may take until then on the monotonic clock.

    :param again: with the inputs of the last look
    :raises TrialEnded: when they do not end well, or in time
    """
    limit_s = min(runner.options.timeout_s, max(until - time.monotonic(), 0.05))
    chunk, limit = solo_chunksize(runner.journal.looked_s), runner.budget.deadline(limit_s)
    made = trial.run_round(calls, chunk, limit, observed=observed, again=again)
    runner.budget.spend(made.done.calls)
    return made


def look_for_a_cache(runner: Runner, trial: LiveTrial) -> Repeats | None:
    """Whether first calls of other inputs than the first are as dear as that one's, and the same again cheap. Then
    calls are as long as first calls are, and what was taken for the process's start was mostly work.

    :raises TrialEnded: as `look`
    """
    journal = runner.journal
    looked_s, cold_s = journal.looked_s or 0.0, journal.cold_s
    if not may_be_cached((looked_s + cold_s, looked_s), trial.inputs_used):
        return None
    found = repeats(_probes(runner, trial))
    if found is None:
        return None
    journal.looked_s = found.first_s
    journal.cold_s = cold_s - found.first_s if found.first_s < CHEAPER * cold_s else 0.0
    return msgspec.structs.replace(found, elsewhere=_is_kept_elsewhere(runner, trial, found))


def _probes(runner: Runner, trial: LiveTrial) -> list[tuple[float, float]]:
    """Seconds of the first call of an input and of the same again, until one shows that nothing is kept."""
    until, probes = time.monotonic() + FIRST_SHARE * runner.budget.total_s, list[tuple[float, float]]()
    for _ in range(min(MOST_PROBED, trial.inputs_used - 1, runner.budget.calls_left // 2)):
        first, again = (look(runner, trial, 1, until, again=again).done.wall_s for again in (False, True))
        probes.append((first, again))
        if first < DEARER * again:
            break
    return probes


def _is_kept_elsewhere(runner: Runner, solo: LiveTrial, found: Repeats) -> bool:
    """Whether a new process finds cheap what the solo run was the first to do: a file, a server, a disk's cache."""
    trial, budget, took_s = LiveTrial(Configuration("serial")), runner.budget, list[float]()

    def calls() -> None:
        assert runner.journal.watching is not None
        trial.open(runner.journal.watching, budget.start_deadline(), solo.account.order)
        trial.inputs_used = solo.inputs_used
        until = time.monotonic() + FIRST_SHARE * budget.total_s
        took_s.extend(
            look(runner, trial, 1, until).done.wall_s for _ in range(2)
        )  # its first call may be dear for itself

    with budget.starting(1):
        runner.start(trial)
        runner.load(trial, budget.start_deadline())
        if trial.alive:
            runner.attempt(trial, calls)
        runner.end(trial)
    return len(took_s) == 2 and DEARER * took_s[1] < found.first_s
