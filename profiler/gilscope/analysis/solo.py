"""The solo run: the target alone in one thread. It tells whether the target works at all, what a call costs and
demands, and is the measure of every other configuration."""

from __future__ import annotations

import time

from gilscope import errors
from gilscope.analysis.runner import MAX_CALLS, START_TIMEOUT_S, Runner
from gilscope.configuration import Configuration
from gilscope.decide.rounds import solo_chunksize
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial, Watching
from gilscope.measure.trial import TrialEnded
from gilscope.observers.gil import Gil

__all__ = ["start_solo", "translated"]

#: A first look at a call should last so long before its length is believed.
LOOK_S = 0.02
#: A call longer than this is kept even though it was the first: repeating it costs more than its warm-up biases.
LONG_CALL_S = 0.5
#: Calls shorter than this are timed by the chunk: reading the clock twice would show.
UNTIMED_CALL_S = 20e-6
#: The part of the budget that looking at the first calls may take.
FIRST_SHARE = 0.4


def start_solo(runner: Runner) -> None:
    """Start the solo trial: calibrate, import, make the first calls, try what pickling costs.

    :raises UsageError: when the target or its inputs are not as asked
    :raises TargetFailedError: when importing it, making its inputs or its set-up raises, or every call does
    """
    trial = LiveTrial(Configuration("serial"))
    runner.journal.trials.append(trial)
    trial.start()
    try:
        _open(runner, trial)
    except TrialEnded as ended:
        raise translated(ended, runner.target.spec) from None
    try:
        _first_calls(runner, trial)
        call_s = runner.journal.call_s
        trial.timed = call_s is None or call_s >= UNTIMED_CALL_S
        _try_pickling(runner, trial)
    except TrialEnded as ended:
        trial.end(ended)


def _open(runner: Runner, trial: LiveTrial) -> None:
    options, limit = runner.options, runner.budget.deadline(START_TIMEOUT_S)
    hello = trial.process.hear(m.Hello, limit, "starting")
    proc = options.observer != "psutil"
    gil, reason = trial.calibrate(hello, limit) if proc else (Gil(hello.gil_enabled), None)
    source = "proc" if proc else "psutil"
    watching = runner.journal.watching = Watching(gil, options.rate_hz, runner.rng, source, reason)
    trial.load(runner.target, options.seed, runner.budget.deadline(START_TIMEOUT_S))
    trial.open(watching, runner.budget.deadline(START_TIMEOUT_S))


def translated(ended: TrialEnded, spec: str) -> errors.GilscopeError:
    """What the child said, as the error it was there."""
    failure = ended.failure
    if failure is None:
        return errors.TargetFailedError(f"importing {spec} did not end well: {ended.reason}")
    if failure.sort == "usage":
        kind: type[errors.GilscopeError] = getattr(errors, failure.error, errors.UsageError)
        return kind(failure.message)
    return errors.TargetFailedError(failure.message, failure.traceback)


def _first_calls(runner: Runner, trial: LiveTrial) -> None:
    """Call until what a call takes is known. The first is watched and kept when it is long, else it warms up."""
    assert trial.account.loaded is not None
    budget, journal, inputs = runner.budget, runner.journal, max(1, trial.account.loaded.input_count)
    calls, seen = 1, 0
    until = time.monotonic() + FIRST_SHARE * budget.total_s
    while True:
        limit = budget.deadline(min(runner.options.timeout_s, max(until - time.monotonic(), 0.05)))
        trial.inputs_used = inputs
        made = trial.run_round(calls, solo_chunksize(journal.call_s), limit, observed=True)
        done = made.done
        budget.spend(done.calls)
        seen += done.calls
        call_s = journal.call_s = done.wall_s / done.calls
        if done.wall_s >= LONG_CALL_S:
            trial.account.rounds.append(made)
        if (done.wall_s >= LOOK_S and (seen >= inputs or seen * call_s >= LOOK_S * 5)) or calls >= MAX_CALLS:
            break
        if budget.calls_left < calls or time.monotonic() >= until:
            break
        calls = min(_more(done, calls), budget.calls_left, MAX_CALLS)
    trial.inputs_used = min(inputs, seen)
    if trial.account.errors == trial.account.calls and seen >= min(inputs, 100):
        raise _every_call_raised(trial)


def _more(done: m.RoundDone, calls: int) -> int:
    """Calls for a look twice as long as needed, at most ten times as many as before."""
    return max(1, min(10 * calls, int(2 * LOOK_S * calls / max(done.wall_s, 1e-7)) + 1))


def _every_call_raised(trial: LiveTrial) -> errors.TargetFailedError:
    error = trial.account.error
    assert error is not None
    message = f"every one of {trial.account.calls} calls raised; the first: {error.type}: {error.message}"
    return errors.TargetFailedError(message, error.traceback)


def _try_pickling(runner: Runner, trial: LiveTrial) -> None:
    """Only where a further call is cheap enough; else the process trials tell."""
    budget, call_s = runner.budget, runner.journal.call_s
    if call_s is not None and call_s < 0.05 * budget.total_s and budget.calls_left > 0:
        limit = budget.deadline(runner.options.timeout_s)
        ask = trial.process.ask
        runner.journal.pickled = ask(m.Pickle(), m.Pickled, limit, "pickling an argument and a result")
        budget.spend(1)
