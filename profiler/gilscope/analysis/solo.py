"""The solo run: the target alone in one thread. It tells whether the target works at all, what a call costs and
demands, and is the measure of every other configuration."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gilscope import errors
from gilscope.analysis.budget import Budget
from gilscope.backends.base import Configuration
from gilscope.measure import messages as m
from gilscope.measure.calibrate import calibrate
from gilscope.measure.live import LiveTrial, Watching
from gilscope.measure.trial import TrialEnded
from gilscope.observers.gil import GilLayout
from gilscope.options import Options
from gilscope.targets import TargetSpec

__all__ = ["START_TIMEOUT_S", "Solo", "solo_chunksize", "start_solo", "translated"]

#: A first look at a call should last so long before its length is believed.
LOOK_S = 0.02
#: A call longer than this is kept even though it was the first: repeating it costs more than its warm-up biases.
LONG_CALL_S = 0.5
#: Calls shorter than this are timed by the chunk: reading the clock twice would show.
UNTIMED_CALL_S = 20e-6
CHUNK_S = 0.001
MAX_CALLS = 500_000
#: The part of the budget that looking at the first calls may take.
FIRST_SHARE = 0.4
START_TIMEOUT_S = 30.0


@dataclass
class Solo:
    """The solo trial, its pool open and its calls known."""

    trial: LiveTrial
    watching: Watching
    gil_enabled: bool = True
    call_s: float | None = None
    """Mean seconds of a call, from the first look; None when no call ended in time."""
    pickled: m.Pickled | None = None

    def chunksize(self) -> int:
        return solo_chunksize(self.call_s)


def solo_chunksize(call_s: float | None) -> int:
    """Calls in one chunk of the solo loop: about a millisecond of them."""
    return max(1, min(10_000, int(CHUNK_S / call_s))) if call_s else 1


def start_solo(
    target: TargetSpec,
    options: Options,
    budget: Budget,
    watching: Callable[[GilLayout | None, str | None, bool], Watching],
) -> Solo:
    """Start the solo trial: calibrate, import, make the first calls, try what pickling costs.

    :param watching: makes the instrument from the GIL's layout, why there is none, and whether there is a GIL
    :raises UsageError: when the target or its inputs are not as asked
    :raises TargetFailedError: when importing it, making its inputs or its set-up raises, or every call does
    """
    trial = LiveTrial(Configuration("serial"))
    try:
        trial.start()
        return _begun(trial, target, options, budget, watching)
    except BaseException:
        trial.end()
        raise


def _begun(
    trial: LiveTrial,
    target: TargetSpec,
    options: Options,
    budget: Budget,
    watching: Callable[[GilLayout | None, str | None, bool], Watching],
) -> Solo:
    limit = budget.deadline(START_TIMEOUT_S)
    try:
        hello = trial.process.hear(m.Hello, limit, "starting")
        layout, reason = (None, None) if options.observer == "psutil" else calibrate(trial.process, hello, limit)
        solo = Solo(trial, watching(layout, reason, hello.gil_enabled), hello.gil_enabled)
        trial.load(target, options.seed, budget.deadline(START_TIMEOUT_S))
        trial.open(solo.watching, budget.deadline(START_TIMEOUT_S))
    except TrialEnded as ended:
        raise translated(ended, target.spec) from None
    try:
        _first_calls(solo, options, budget)
        trial.timed = solo.call_s is None or solo.call_s >= UNTIMED_CALL_S
        _try_pickling(solo, options, budget)
    except TrialEnded as ended:
        trial.end(ended)
    return solo


def translated(ended: TrialEnded, spec: str) -> errors.GilscopeError:
    """What the child said, as the error it was there."""
    failure = ended.failure
    if failure is None:
        return errors.TargetFailedError(f"importing {spec} did not end well: {ended.reason}")
    if failure.sort == "usage":
        kind: type[errors.GilscopeError] = getattr(errors, failure.error, errors.UsageError)
        return kind(failure.message)
    return errors.TargetFailedError(failure.message, failure.traceback)


def _first_calls(solo: Solo, options: Options, budget: Budget) -> None:
    """Call until what a call takes is known. The first is watched and kept when it is long, else it warms up."""
    trial = solo.trial
    assert trial.loaded is not None
    inputs = max(1, trial.loaded.input_count)
    calls, seen = 1, 0
    until = time.monotonic() + FIRST_SHARE * budget.total_s
    while True:
        limit = budget.deadline(min(options.timeout_s, max(until - time.monotonic(), 0.05)))
        trial.inputs_used = inputs
        made = trial.run_round(calls, solo_chunksize(solo.call_s), limit, observed=True)
        done = made.done
        budget.spend(done.calls)
        seen += done.calls
        solo.call_s = done.wall_s / done.calls
        if done.wall_s >= LONG_CALL_S:
            trial.rounds.append(made)
        if (done.wall_s >= LOOK_S and (seen >= inputs or seen * solo.call_s >= LOOK_S * 5)) or calls >= MAX_CALLS:
            break
        if budget.calls_left < calls or time.monotonic() >= until:
            break
        calls = min(_more(done, calls), budget.calls_left, MAX_CALLS)
    trial.inputs_used = min(inputs, seen)
    if trial.errors == trial.calls and seen >= min(inputs, 100):
        raise _every_call_raised(trial)


def _more(done: m.RoundDone, calls: int) -> int:
    """Calls for a look twice as long as needed, at most ten times as many as before."""
    return max(1, min(10 * calls, int(2 * LOOK_S * calls / max(done.wall_s, 1e-7)) + 1))


def _every_call_raised(trial: LiveTrial) -> errors.TargetFailedError:
    error = trial.error
    assert error is not None
    message = f"every one of {trial.calls} calls raised; the first: {error.type}: {error.message}"
    return errors.TargetFailedError(message, error.traceback)


def _try_pickling(solo: Solo, options: Options, budget: Budget) -> None:
    """Only where a further call is cheap enough; else the process trials tell."""
    affordable = solo.call_s is not None and solo.call_s < 0.05 * budget.total_s
    if affordable and budget.calls_left > 0:
        limit = budget.deadline(options.timeout_s)
        solo.pickled = solo.trial.process.ask(m.Pickle(), m.Pickled, limit, "pickling an argument and a result")
        budget.spend(1)
