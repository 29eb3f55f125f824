"""The solo run: the target alone in one thread. It tells whether the target works at all, what a call costs and
demands, and is the measure of every other configuration."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from gilscope import errors
from gilscope.analysis.looks import FIRST_SHARE, look, look_for_a_cache
from gilscope.analysis.runner import MAX_CALLS, Runner
from gilscope.analysis.stuck import look_for_stuck
from gilscope.configuration import Configuration
from gilscope.decide.inputs import inputs_to_use
from gilscope.decide.warm import cold_excess_s, cold_rounds, is_warm
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.trial import TrialEnded
from gilscope.measure.trial_account import TimedRound
from gilscope.measure.watching_by import watching_by
from gilscope.units import counted

__all__ = ["start_solo", "translated"]

#: A first look at a call should last so long before its length is believed.
LOOK_S = 0.02
#: Looks at calls longer than this are kept as rounds when they were warm: to repeat them is dear.
LONG_CALL_S = 0.5
#: Calls shorter than this are timed by the chunk: reading the clock twice would show.
UNTIMED_CALL_S = 20e-6
#: Calls after which a target that raised in each is believed to raise in all: if a tenth of them went well, 3% of all
#: analyses would see none of these.
ENOUGH_RAISED = 32


def start_solo(runner: Runner) -> None:
    """Start the solo trial: calibrate, import, make the first calls, try what pickling costs.

    :raises UsageError: when the target or its inputs are not as asked
    :raises TargetFailedError: when importing it, making its inputs or its set-up raises, or every call does
    """
    began = time.monotonic()
    solo = _made(runner)
    if solo.account.known.status != "timeout" or not solo.account.loaded or solo.account.loaded.input_count < 2:
        return
    runner.say("looking for the input whose call does not return")
    stuck = look_for_stuck(runner, solo)
    if stuck is not None:
        runner.journal.unreturned = stuck.told
    if stuck is not None and stuck.order:
        runner.budget.excuse(time.monotonic() - began)  # a call that hangs takes nothing from the others
        runner.journal.trials.clear()
        runner.journal.looked_s = None
        _made(runner, stuck.order)


def _made(runner: Runner, order: tuple[int, ...] = ()) -> LiveTrial:
    """The solo trial, its first calls made, or ended in them.

    :param order: the positions of its inputs, in the order in which calls take them; all of them where it is empty
    """
    trial = LiveTrial(Configuration("serial"))
    runner.journal.trials.append(trial)
    try:
        with runner.budget.starting(1):
            runner.start_alone(trial)
            if not order:
                runner.start_first_spares()
            _open(runner, trial, runner.budget.start_deadline(), order)
            runner.settle_spares(runner.budget.start_deadline())
    except TrialEnded as ended:
        raise translated(ended, runner.target.spec) from None
    try:
        _first_calls(runner, trial)
        call_s = runner.journal.call_s
        trial.timed = call_s is None or call_s >= UNTIMED_CALL_S
        _try_pickling(runner, trial)
    except TrialEnded as ended:
        trial.end(ended)
    return trial


def _open(runner: Runner, trial: LiveTrial, limit: float, order: tuple[int, ...]) -> None:
    options = runner.options
    hello = trial.process.hear(m.Hello, limit, "starting")
    watching = runner.journal.watching = watching_by(options.observer, trial, hello, options.rate_hz, runner.rng, limit)
    trial.load(runner.target, options.seed, limit)
    trial.open(watching, limit, order or runner.order)


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
    """Call until the process is warm and what a call takes is known; long calls that were warm are kept."""
    assert trial.account.loaded is not None
    trial.inputs_used = inputs = max(1, len(trial.account.order))
    last = _warmed_up(runner, trial)
    runner.target = msgspec.structs.replace(runner.target, kind=trial.account.loaded.kind)  # as it turned out
    runner.journal.repeats = look_for_a_cache(runner, trial)
    seen = 1 + (0 if runner.journal.by_first_calls else _looked(runner, trial, last))
    budget, call_s = runner.budget, runner.journal.call_s
    trial.use_inputs(inputs_to_use(inputs, call_s, budget.total_s, budget.calls_left))
    if runner.journal.by_first_calls:
        trial.go_on_unseen()
    if _raises(trial) and seen >= min(inputs, ENOUGH_RAISED):
        raise _every_call_raised(trial)


def _warmed_up(runner: Runner, trial: LiveTrial) -> TimedRound:
    """The first call, and the same again until it stops getting cheaper: of two inputs one may be the dearer. The last
    look is returned; those that were warm and long are kept, the first alone when there is no time for a second."""
    budget, journal = runner.budget, runner.journal
    looks = [_first_look(runner, trial)]
    until = time.monotonic() + FIRST_SHARE * budget.total_s
    try:
        while not is_warm(_call_s(looks)) and budget.calls_left > 1 and time.monotonic() < until:
            looks.append(look(runner, trial, 1, max(until, time.monotonic() + budget.remaining_s), again=True))
    finally:
        took_s = _call_s(looks)
        cold = cold_rounds(took_s)
        journal.looked_s, journal.cold_s = took_s[-1], took_s[0] - took_s[-1] if cold else 0.0
        budget.excuse(cold_excess_s(took_s))
        trial.account.rounds += [made for made in looks[cold:] if made.done.wall_s >= LONG_CALL_S]
    return looks[-1]


def _first_look(runner: Runner, trial: LiveTrial) -> TimedRound:
    """It may take longer than other looks, for what the target needs to start may be in it. It is watched, for it may
    be all there is time for; the others are clean, as the serial run's rounds are."""
    budget, began = runner.budget, time.monotonic()
    looking_s = FIRST_SHARE * budget.total_s
    try:
        return look(
            runner, trial, 1, began + looking_s + min(budget.start_left_s, budget.total_s - looking_s), observed=True
        )
    except TrialEnded:
        budget.excuse(time.monotonic() - began - looking_s)
        raise


def _call_s(looks: Sequence[TimedRound]) -> list[float]:
    return [made.done.wall_s / made.done.calls for made in looks]


def _looked(runner: Runner, trial: LiveTrial, last: TimedRound) -> int:
    """Look at more calls, until what one takes is known; how many were made."""
    budget, inputs, seen = runner.budget, trial.inputs_used, 0
    until = time.monotonic() + FIRST_SHARE * budget.total_s
    while not _is_known(last.done, 1 + seen, inputs):
        if budget.calls_left < last.done.calls or time.monotonic() >= until:
            break
        most = ENOUGH_RAISED - seen if _raises(trial) else MAX_CALLS
        if most < 1:
            break
        last = look(runner, trial, min(_more(last.done), budget.calls_left, most), until)
        seen += last.done.calls
        runner.journal.looked_s = last.done.wall_s / last.done.calls
    return seen


def _raises(trial: LiveTrial) -> bool:
    """Whether every call did so far."""
    return trial.account.errors == trial.account.calls


def _is_known(done: m.RoundDone, seen: int, inputs: int) -> bool:
    long_enough = seen >= inputs or seen * done.wall_s / done.calls >= LOOK_S * 5
    return (done.wall_s >= LOOK_S and long_enough) or done.calls >= MAX_CALLS


def _more(done: m.RoundDone) -> int:
    """Calls for a look twice as long as needed, at most ten times as many as before."""
    return max(1, min(10 * done.calls, int(2 * LOOK_S * done.calls / max(done.wall_s, 1e-7)) + 1))


def _every_call_raised(trial: LiveTrial) -> errors.TargetFailedError:
    error = trial.account.error
    assert error is not None
    calls = trial.account.calls
    which = "the only call" if calls == 1 else f"every one of {counted(calls, 'call')}"
    message = f"{which} raised{'' if calls == 1 else '; the first'}: {error.type}: {error.message}"
    return errors.TargetFailedError(message, error.traceback)


def _try_pickling(runner: Runner, trial: LiveTrial) -> None:
    """Only where a further call is cheap enough; else the process trials tell."""
    budget, call_s = runner.budget, runner.journal.call_s
    if call_s is not None and call_s < 0.05 * budget.total_s and budget.calls_left > 0:
        limit = budget.deadline(runner.options.timeout_s)
        ask = trial.process.ask
        runner.journal.pickled = ask(m.Pickle(), m.Pickled, limit, "pickling an argument and a result")
        budget.spend(1)
