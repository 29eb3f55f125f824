"""Whose results to hold against those of the serial run, and with how many calls: wrong is fast, so that results are
compared before anyone is measured at length, and those of who leads in the end before it is recommended."""

from __future__ import annotations

from gilscope.decide.measured import Measured, Tried
from gilscope.decide.steps import CheckResults

__all__ = ["DIGEST_S", "MOST_COMPARED", "check_first", "check_leaders"]

#: The part of the budget that one comparison may take, over all trials, and what it may where calls are so long that it
#: would be none else; and the most calls of one trial.
COMPARING_SHARE, LONG_SHARE, MOST_COMPARED = 0.03, 0.05, 200
#: What digesting an argument and a result takes at most, about.
DIGEST_S = 0.001
#: Passes of the serial run over its inputs: before the others, after them, and one by one in another's process.
SERIAL_PASSES = 3
#: Comparisons in all, the first included.
MOST = 3


def check_first(measured: Measured) -> CheckResults | None:
    """All that race and are a choice, once they have shown that they work."""
    done = measured.asked(CheckResults) or measured.by_first_calls  # it would see the inputs that rounds need
    return None if done else _check(measured, [number for number in measured.racing if not measured.is_aside(number)])


def check_leaders(measured: Measured) -> CheckResults | None:
    """What would be recommended, where it was not opened yet when results were compared first; until that gives right
    ones."""
    asked, chosen = measured.asked(CheckResults), measured.advice().trial
    done = {number for step in asked for number in step.trials}
    if chosen is None or len(asked) >= MOST:
        return None
    number = list(measured.racing)[chosen]
    return _check(measured, [] if number in done else [number])


def _check(measured: Measured, numbers: list[int]) -> CheckResults | None:
    """Where calls are cheap, none has failed, and there is something to compare with: a generator's results are
    drained."""
    solo = measured.solo
    others = [n for n in numbers if n and measured.trials[n].alive and not measured.trials[n].errors]
    alone = solo is not None and solo.alive and not solo.errors and measured.kind in ("sync", "coroutine")
    if not alone or not others or measured.call_s is None:
        return None
    for share in (COMPARING_SHARE, LONG_SHARE):
        inputs, calls = _room(measured, [measured.trials[n] for n in others], measured.call_s, share)
        if inputs >= 1 and calls >= 2:
            return CheckResults(tuple(others), calls, inputs)
    return None


def _room(measured: Measured, others: list[Tried], call_s: float, share: float) -> tuple[int, int]:
    """Inputs that the serial run goes over, and calls of each of the others: half of the time and of the calls for
    either."""
    left, budget_s = measured.left, measured.experiment.options.budget_s
    half_s, half = min(share * budget_s, left.remaining_s) / 2, left.calls // 2
    each_s = sum(1 / tried.expected_per_s if tried.expected_per_s else call_s for tried in others)
    inputs = min(MOST_COMPARED, int(half_s / (SERIAL_PASSES * (call_s + DIGEST_S))), half // SERIAL_PASSES)
    calls = min(MOST_COMPARED, int(half_s / (each_s + len(others) * DIGEST_S)), half // len(others))
    return inputs, calls
