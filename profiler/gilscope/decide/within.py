"""What to measure where the caller sets constraints: fewer workers of what goes beyond them, calls enough to know."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from gilscope.configuration import Configuration
from gilscope.decide.constraints import UNCONSTRAINED, Constraints
from gilscope.decide.measured import Measured
from gilscope.decide.steps import Open, Rounds
from gilscope.records import ENOUGH_FOR_P99, Trial

__all__ = ["enough_calls", "fewer", "fewer_workers"]

#: Counts this close are not refined.
CLOSE = 2
#: The part of the budget after which nothing more is opened for it.
UNTIL = 0.7
#: Those that reach this part of the leader are asked for calls enough for a p99, so often, where that takes no more
#: than this part of the time that is left.
NEAR, MOST_ASKED, MOST_SHARE = 0.8, 3, 0.5


def fewer(kept: Collection[int], broke: Collection[int]) -> int | None:
    """The worker count to try between those that keep to the constraints and those that do not; None when they are
    close, or none goes beyond them."""
    if not broke:
        return None
    above = min(broke)
    below = max((count for count in kept if count < above), default=1)
    if above <= CLOSE * below:
        return None
    middle = 1 << round(math.log2(math.sqrt(below * above)))
    return middle if below < middle < above else None


def fewer_workers(measured: Measured) -> Open | None:
    """Of backends that are faster than all that keeps to the constraints, but go beyond them with the workers so far.

    Fewer workers wait less for one another and hold less memory; calls that are too slow alone they do not help.
    """
    options, left = measured.experiment.options, measured.left
    constraints, solo = Constraints.of(options), measured.solo
    late = left.elapsed_s >= UNTIL * options.budget_s or left.calls <= 0 or left.racing_s <= 0
    asked = options.workers or options.exhaustive
    if late or asked or constraints == UNCONSTRAINED or solo is None or constraints.broken(solo.record):
        return None
    more = tuple(_between(measured, constraints))
    return Open(more) if more else None


def _between(measured: Measured, constraints: Constraints) -> Iterator[Configuration]:
    leaders = measured.contending(1.0)
    numbered = dict(zip(measured.racing, measured.records, strict=True))
    within_per_s = max((numbered[number].throughput_per_s or 0.0 for number in leaders), default=0.0)
    for name, traits in measured.experiment.backends.items():
        tried = [trial for trial in numbered.values() if trial.backend == name and trial.throughput_per_s]
        broke = [trial for trial in tried if constraints.broken(trial)]
        worth = max((trial.throughput_per_s or 0.0 for trial in broke), default=0.0) > within_per_s
        count = fewer(_counts(trial for trial in tried if trial not in broke), _counts(iter(broke)))
        if worth and count is not None and traits.fixed_workers is None:
            like = broke[0]
            yield Configuration(name, count, measured.experiment.options.chunksize or 1, like.start_method)


def _counts(trials: Iterator[Trial]) -> set[int]:
    return {trial.workers for trial in trials}


def enough_calls(measured: Measured) -> Rounds | None:
    """A round of who may win, with calls enough to know its p99, where the budget has time for them; of the solo run,
    where nothing else is left."""
    if measured.experiment.options.max_p99_s is None:
        return None
    asked = [number for step in measured.asked(Rounds) if step.purpose == "latency" for number in step.trials]
    for number in measured.contending(NEAR) or [0]:
        tried = measured.trials[number]
        if tried.record.known_p99_s is not None or not tried.alive or asked.count(number) >= MOST_ASKED:
            continue
        per_s = tried.expected_per_s or 1.0 / (measured.call_s or 1.0)
        length_s = (ENOUGH_FOR_P99 - tried.record.timed_calls + tried.record.workers) / per_s
        if length_s < MOST_SHARE * measured.left.racing_s and measured.left.calls > 0:
            return Rounds((number,), length_s, "latency")
    return None
