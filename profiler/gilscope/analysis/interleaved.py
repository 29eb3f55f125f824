"""What is measured of several Pythons together, once each has been analyzed: whether they give the same results, and
rounds that are interleaved, so that a machine that drifts favours none."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from gilscope.analysis.budget import Budget
from gilscope.analysis.runner import MAX_CALLS, PATIENCE, PATIENCE_S, Runner
from gilscope.decide.comparing import DIGEST_S, MOST_COMPARED
from gilscope.decide.pythons import average_calls_s
from gilscope.decide.result_check import Compared, compare_concurrent, joined
from gilscope.decide.rounds import round_s
from gilscope.decide.throughput import round_rates
from gilscope.measure.live import LiveTrial
from gilscope.measure.record import costs_of, trial_record
from gilscope.records import Trial
from gilscope.result import Result

__all__ = ["Side", "compare_results", "interleave", "rates"]

#: Passes over all sides: three rounds against three are the fewest whose ranks carry an interval, and from some more on
#: it is that of the usual noise.
FEWEST_PASSES, ENOUGH_PASSES, MOST_PASSES = 3, 5, 12
#: The part of the time for the comparison, and of its calls, that comparing results may take, and a part where calls
#: are so long that none would be compared else.
RESULTS_SHARE, LONG_SHARE = 0.15, 0.3


@dataclass
class Side:
    """One Python's analysis, its function alone still alive, and what it recommends, where that is something else."""

    name: str
    runner: Runner
    result: Result
    best: LiveTrial | None

    def __post_init__(self) -> None:
        self.measured = {id(trial): len(trial.account.rounds) for trial in self.trials}
        """Rounds before those that are interleaved."""

    @cached_property
    def solo(self) -> LiveTrial:
        return self.runner.journal.trials[0]

    @property
    def trials(self) -> list[LiveTrial]:
        return [self.solo, *([self.best] if self.best else [])]

    @property
    def call_s(self) -> float:
        """Mean seconds of a call, alone."""
        return self.runner.call_s


def interleave(sides: Sequence[Side], planned_s: float, rng: random.Random, say: Callable[[str], None]) -> None:
    """Rounds of every side in random order, again and again, for about so long; for as long as there is budget where
    they are few. What each made stands in its trials.

    In each pass the functions alone come first: where time is short, they are what is compared.
    """
    alone = [(side, side.solo) for side in sides]
    best = [(side, side.best) for side in sides if side.best]
    length_s, passes, pass_s = round_s(planned_s, len(alone) + len(best)), 0, 0.0
    _use_common_inputs(sides)
    _warm_up([*alone, *best], length_s)
    began = time.monotonic()
    while passes < MOST_PASSES and pass_s < _left_s(sides, planned_s - (time.monotonic() - began), passes):
        say(f"timing {' and '.join(side.name for side in sides)} in turn")
        started = time.monotonic()
        for side, trial in (*rng.sample(alone, len(alone)), *rng.sample(best, len(best))):
            _run_round(side, trial, length_s, passes_left=max(1, FEWEST_PASSES - passes))
        passes, pass_s = passes + 1, time.monotonic() - started


def _left_s(sides: Sequence[Side], planned_s: float, passes: int) -> float:
    """Seconds for further passes: of those that are ``planned_s``, or until there are enough of all that is left."""
    return planned_s if passes >= ENOUGH_PASSES else min(side.runner.budget.remaining_s for side in sides)


def _warm_up(made: Sequence[tuple[Side, LiveTrial]], length_s: float) -> None:
    """They were idle meanwhile: what is in a processor's caches shows in short calls. Not where inputs are used up."""
    for side, trial in made:
        if side.call_s < length_s / 2 and not side.runner.journal.by_first_calls:
            _run_round(side, trial, length_s / 2, passes_left=1 + FEWEST_PASSES, keep=False)


def _run_round(side: Side, trial: LiveTrial, length_s: float, *, passes_left: int, keep: bool = True) -> None:
    """With its part of the calls that are left, where that is one for each worker."""
    most = side.runner.budget.calls_left // (passes_left * len(side.trials))
    if trial.alive and most >= trial.configuration.workers:
        side.runner.run_round(trial, length_s, observed=False, keep=keep, most=min(most, MAX_CALLS))


def _use_common_inputs(sides: Sequence[Side]) -> None:
    """All use those that each had time for."""
    common = min(side.solo.inputs_used for side in sides)
    for side in sides:
        for trial in side.trials:
            trial.use_inputs(common)


def with_budget(sides: Sequence[Side], seconds: float, max_calls: int | None) -> None:
    """Give every side a budget of its own from now on."""
    for side in sides:
        side.runner.budget = Budget(seconds, max_calls)


def rates(sides: Sequence[Side]) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Of each side: calls of average cost per second in each of the interleaved rounds, alone and of what is
    recommended."""
    costs = [costs_of(side.solo.account) for side in sides]
    average = average_calls_s(costs)
    return [_rates(side, own, call_s) for side, own, call_s in zip(sides, costs, average, strict=True)]


def _rates(side: Side, costs: Mapping[int, float], call_s: float | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if call_s is None:
        return (), ()
    alone, *best = round_rates([_interleaved(side, trial, costs) for trial in side.trials], call_s)
    return tuple(alone), tuple(best[0] if best else alone)


def _interleaved(side: Side, trial: LiveTrial, costs: Mapping[int, float]) -> Trial:
    """With those rounds alone."""
    record = trial_record(trial.account, costs, None)
    return msgspec.structs.replace(record, rounds=record.rounds[side.measured[id(trial)] :])


# -- results ----------------------------------------------------------------------------------------------------------


def compare_results(sides: Sequence[Side], seconds: float) -> list[Compared]:
    """The results of each side, alone, with those of the first: as those of a backend are with those of the serial run
    (`gilscope.decide.result_check`). None are where they are no plain data, or differ from call to call."""
    first, *others = sides
    inputs = _inputs_in(sides, seconds)
    alone = joined(*(_digests(first, inputs) for _ in range(2)))
    told = joined(first.runner.journal.results_alone, alone)
    return [compare_concurrent(told, _all_digests(side, inputs)) for side in others]


def _all_digests(side: Side, inputs: int) -> dict[str, list[str]]:
    return joined(side.runner.journal.results_alone, _digests(side, inputs))


def _inputs_in(sides: Sequence[Side], seconds: float) -> int:
    """As many as there is time for, of those that all use; the first side calls each twice."""
    common = min(side.solo.inputs_used for side in sides)
    pass_s = sides[0].call_s + sum(side.call_s for side in sides) + DIGEST_S * (len(sides) + 1)
    calls = min(side.runner.budget.calls_left for side in sides) / 2
    for share in (RESULTS_SHARE, LONG_SHARE):
        fit = min(int(share * seconds / pass_s), int(share * calls))
        if fit:
            return min(common, fit, MOST_COMPARED)
    return 0


def _digests(side: Side, inputs: int) -> dict[str, list[str]]:
    """By input, of the function alone; none where it ended in it, and of what is drained."""
    made: dict[str, list[str]] = {}
    runner, solo = side.runner, side.solo
    if not inputs or not solo.alive or runner.measured.kind not in ("sync", "coroutine"):
        return made
    limit = runner.budget.deadline(max(PATIENCE_S, PATIENCE * inputs * side.call_s))
    runner.attempt(solo, lambda: made.update(solo.digests(inputs, inputs, limit)))
    runner.budget.spend(inputs)
    return made
