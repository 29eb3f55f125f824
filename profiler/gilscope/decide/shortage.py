"""Where what was measured is not what matters, nothing is recommended, and it is said what would settle it: time, or
the calls allowed, ran out before a backend had a warm round that, by the model, would have been the best; or the serial
run was compared with nothing at all."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gilscope.decide.demands import call_s
from gilscope.decide.measured import Measured
from gilscope.decide.mva import visited
from gilscope.decide.recommend import FEWEST_ROUNDS
from gilscope.decide.rounds import TARGET_ROUND_S
from gilscope.decide.throughput import telling_rounds
from gilscope.decide.why_not import why_not
from gilscope.records import LOOP_KINDS, Recommendation, Trial
from gilscope.units import times

__all__ = ["unless_nothing_was_compared", "unless_time_was_short"]

#: From so many times the gain of what would be recommended on, a backend that was not measured makes it doubtful: the
#: model is off by less for the most part.
WORTH = 1.25
#: Rounds of each configuration that a verdict rests on: one clean and one watched, then two of the contest.
ROUNDS = 4
#: What is advised is so many times what is known to be needed: the machine may be busier then.
MARGIN = 1.5
#: And it is told to so many seconds.
ROUND_TO_S = 5


def unless_time_was_short(said: Recommendation, measured: Measured) -> Recommendation:
    """The recommendation, or that nothing can be recommended."""
    missing = [
        trial for trial in _unmeasured(measured) if _expected_gain(measured, trial) > WORTH * (said.speedup or 1)
    ]
    if said.backend is None or not missing:
        return said
    best = max(missing, key=lambda trial: _expected_gain(measured, trial))
    names = " and ".join(trial.name for trial in missing)
    short = "calls" if _calls_ran_out(measured, _unmeasured(measured)) else "time"
    reason = (
        f"{short} ran out before {names} had a warm round; by the model, {best.name} has "
        f"{times(_expected_gain(measured, best))} the serial throughput: give {_enough(measured, missing)}"
    )
    return _nothing(said, reason)


def unless_nothing_was_compared(said: Recommendation, measured: Measured) -> Recommendation:
    """The recommendation, or that nothing can be recommended: that there is no gain is known by comparing, with rounds
    enough to tell, or where a call is over sooner than it is handed over."""
    if said.backend != "serial" or measured.classification.label == "overhead-bound":
        return said
    rivals = [record for record in measured.records if record.backend != "serial"]
    compared = [
        record
        for record in rivals
        if record.status == "ok" and telling_rounds(record) and _fits(measured, record.backend)
    ]
    if not compared:
        told = "; ".join(f"{each.name}: {why_not(each, None, None)}" for each in rivals) or "it was all that ran"
        reason = f"nothing was compared with the serial run ({told}): {_what_settles_it(measured, rivals)}"
        return _nothing(said, reason)
    seldom = all(len(telling_rounds(each, watched=True)) < FEWEST_ROUNDS for each in compared)
    if seldom and _calls_ran_out(measured, compared):
        names = " and ".join(each.name for each in compared)
        reason = f"calls ran out before {names} could be told from the serial run: give {_more_calls(measured)}"
        return _nothing(said, reason)
    return said


def _nothing(said: Recommendation, reason: str) -> Recommendation:
    return Recommendation(
        backend=None, context=said.context, confidence=0.0, reason=reason, alternatives=said.alternatives
    )


def _what_settles_it(measured: Measured, rivals: Sequence[Trial]) -> str:
    late = _unmeasured(measured)
    if late:
        return f"give {_enough(measured, late)}"
    fitting = [record for record in rivals if _fits(measured, record.backend)]
    others = "ask for others that fit the caller, with --backends"
    return f"{others}, or mend what ended {' and '.join(each.name for each in fitting)}" if fitting else others


def _unmeasured(measured: Measured) -> list[Trial]:
    """Of each backend that fits the caller and has no round at all: what there was no time for."""
    records = [record for record in measured.records if _fits(measured, record.backend)]
    known = {record.backend for record in records if telling_rounds(record)}
    late = [record for record in records if record.ran_out or (record.status == "ok" and not _all_raised(record))]
    return [record for record in late if record.backend not in {"serial", *known}]


def _all_raised(trial: Trial) -> bool:
    return 0 < trial.calls <= trial.errors


def _fits(measured: Measured, backend: str) -> bool:
    """A plain caller of a plain function has no loop, and a coroutine leaves a coroutine on its own."""
    awaits = measured.kind in LOOP_KINDS
    if measured.experiment.options.context == "sync":
        return awaits or backend != "asyncio"
    return backend == "asyncio" or not awaits


def _expected_gain(measured: Measured, trial: Trial) -> float:
    """Times the serial throughput, by the model; 1.0 where there is none."""
    model = measured.model
    stations = model.stations(model.shape(trial.backend), trial.backend, trial.chunksize) if model else []
    if model is None or not visited(stations):
        return 1.0
    return model.predict(stations, trial.workers)[0] * call_s(model.demands)


def _enough(measured: Measured, missing: Sequence[Trial]) -> str:
    """The options that would do, as they are typed."""
    options = measured.experiment.options
    if _calls_ran_out(measured, _unmeasured(measured)):
        return _more_calls(measured)
    told = []
    if any(trial.ran_out == "start-limit" for trial in missing):
        told.append(f"--start-limit {_told(_starting_s(measured), options.may_start_s)}")
    if any(trial.ran_out != "start-limit" for trial in missing):
        told.append(f"--budget {_told(_racing_s(measured), options.budget_s)}")
    return " and ".join(told)


def _more_calls(measured: Measured) -> str:
    """Half of the calls are for the serial run."""
    of_others = MARGIN * ROUNDS * sum(trial.workers * trial.chunksize for trial in measured.records[1:])
    return f"--max-calls {max(2 * (measured.experiment.options.max_calls or 0), math.ceil(2 * of_others))}"


def _calls_ran_out(measured: Measured, trials: Sequence[Trial]) -> bool:
    """Before the time did: too few are left for a call of each worker."""
    needed = min(trial.workers * trial.chunksize for trial in trials)
    return measured.experiment.options.max_calls is not None and measured.left.calls < needed


def _told(needed_s: float, given_s: float) -> str:
    """More than was given, whatever the estimate says: that was not enough."""
    return f"{math.ceil(max(MARGIN * needed_s, 2 * given_s) / ROUND_TO_S) * ROUND_TO_S}s"


def _starting_s(measured: Measured) -> float:
    """What all trials need to start one after the other: the import of the solo run and its first call in each process,
    those of a pool sharing the CPUs."""
    each_s = (measured.records[0].import_s or 0.0) + measured.cold_s
    cpus = max(measured.experiment.cpus, 1.0)
    processes = [1 + (trial.workers / cpus if trial.start_method else 0) for trial in measured.records]
    return each_s * sum(processes)


def _racing_s(measured: Measured) -> float:
    """What the rounds of all trials need, a call for each worker in each."""
    each_s = measured.call_s or 0.0
    rounds_s = [each_s * trial.workers / _expected_gain(measured, trial) for trial in measured.records]
    return ROUNDS * sum(max(seconds, TARGET_ROUND_S) for seconds in rounds_s)
