"""Doing what decisions ask for, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from gilscope.analysis.ahead import loading
from gilscope.analysis.runner import PATIENCE, PATIENCE_S, Runner
from gilscope.configuration import Configuration
from gilscope.decide.next_steps import HOT_ROUND_S
from gilscope.decide.ramp import Look, unborne
from gilscope.decide.result_check import Compared, compare_alone, compare_concurrent, joined
from gilscope.decide.steps import (
    CheckResults,
    LookForHotLines,
    LookForNativePools,
    MeasureMore,
    Open,
    Rounds,
    SingleCalls,
    Step,
    TryOnce,
    WarmUp,
    WatchAlone,
)
from gilscope.decide.warm import cold_excess_s, is_warm
from gilscope.measure.histogram import mean_s
from gilscope.measure.live import LiveTrial
from gilscope.measure.trial import TrialEnded
from gilscope.observers.pyspy import Hot, HotRecorder
from gilscope.units import counted

__all__ = ["perform"]

#: How long the one round of a configuration that is tried once may take.
ONCE_S = 1.0
#: A warm-up round is so short that its workers start and end it apart: a longer one is up to so many times as fast.
SHORT_ROUND = 2.0
#: Processes that are started beside a comparison of results.
MOST_STARTED = 4
#: So often py-spy looks, which takes it a quarter of a millisecond: 60 looks in a round.
HOT_RATE_HZ = 400
NOTHING = Compared(0, 0)


def perform(runner: Runner, step: Step) -> None:
    """Do one step; what comes of it stands in the runner's journal."""
    match step:
        case WatchAlone(round_s, most):
            solo = runner.journal.trials[0]
            runner.run_round(solo, round_s, observed=True, most=most)
            runner.attempt(solo, solo.look_for_accelerators)
        case TryOnce(to):
            _try_once(runner, to)
        case Open():
            _open(runner, step)
        case WarmUp():
            _warm_up(runner, step)
        case Rounds():
            _rounds(runner, step)
        case SingleCalls(number, calls):
            _single_calls(runner, runner.journal.trials[number], calls)
        case MeasureMore():
            for extension in runner.extensions:
                extension.measure(runner)
        case CheckResults():
            _check_results(runner, step)
        case LookForNativePools():
            solo, limit = runner.journal.trials[0], runner.budget.deadline(PATIENCE_S)
            runner.attempt(solo, lambda: solo.look_for_native_pools(limit))
        case LookForHotLines(why_not):
            runner.journal.hot = _hot_lines(runner) if why_not is None else Hot(None, why_not)


def _try_once(runner: Runner, to: Configuration) -> None:
    trial, budget = LiveTrial(to), runner.budget
    runner.journal.trials.append(trial)
    runner.say(f"trying {to.backend}")
    with budget.starting(1):
        limit = budget.start_deadline()
        runner.start(trial)
        runner.load(trial, limit)
        if trial.alive:
            runner.prepare(trial, limit)

    def once() -> None:
        limit_s = min(runner.options.timeout_s, max(ONCE_S, budget.remaining_s / 4))
        calls = min(to.workers, budget.calls_left)
        trial.account.rounds.append(trial.run_round(calls, 1, budget.deadline(limit_s), observed=True))
        budget.spend(calls)

    if trial.alive:
        runner.attempt(trial, once)


def _open(runner: Runner, step: Open) -> None:
    runner.settle_inputs()
    made = [LiveTrial(to) for to in step.configurations]
    first = len(runner.journal.trials)
    runner.journal.twins_of |= {first + number: of for number, of in enumerate(step.twins_of)}
    with runner.budget.starting(len(made)):
        _start(runner, made, [runner.journal.trials[number] for number in step.twins_of])
    if not runner.budget.reserved_s:
        runner.budget.reserved_s = sum(extension.needed_s(runner) for extension in runner.extensions)


def _start(runner: Runner, made: Sequence[LiveTrial], firsts: Sequence[LiveTrial]) -> None:
    """Start all at once; then open their pools one after the other, so that none slows another's start-up.

    :param firsts: whose second processes they are, one by one, where they are such
    """
    limit = runner.budget.start_deadline()
    if not firsts:
        runner.start_spares(len(made) + 1)  # the leader's second process will be wanted next
    for trial in made:
        runner.journal.trials.append(trial)
        runner.start(trial)
    for trial in made:
        runner.load(trial, limit)
    runner.settle_spares(limit)
    for trial, first in zip_longest(made, firsts):
        if trial.alive:
            runner.say(f"opening {trial.configuration.backend} × {trial.configuration.workers}")
            runner.prepare(trial, limit, first)


def _warm_up(runner: Runner, step: WarmUp) -> None:
    trial = runner.journal.trials[step.trial]
    trial.account.note(chunksize=step.chunksize)
    trial.expected_per_s = step.expected_per_s

    def first_calls() -> None:
        looks = _let_into_flight(runner, trial, step)
        cold = bool(runner.journal.cold_s)
        _warm(runner, trial, step, [look.wall_s for look in looks[-1:] if look.at_once == step.calls and not cold])

    runner.attempt(trial, first_calls)


def _let_into_flight(runner: Runner, trial: LiveTrial, step: WarmUp) -> list[Look]:
    """Ever more calls at once, as far as a network bears them; what may be chance is looked at twice.

    :raises TrialEnded: where it does not bear them
    """
    solo, looks = runner.journal.trials[0].account, list[Look]()
    alone = solo.errors / max(solo.calls, 1)
    for at_once in (count for count in step.ramp if count <= runner.budget.calls_left):
        looks.append(_look(runner, trial, step, at_once, cold=bool(runner.journal.cold_s)))
        if unborne(looks, alone) and looks[-1].errors == 0:
            looks[-1] = _look(runner, trial, step, at_once, cold=False)
        if why := unborne(looks, alone):
            trial.account.note(unborne_calls=at_once)
            raise TrialEnded("refused", f"the network does not bear it: {why}")
    return looks


def _look(runner: Runner, trial: LiveTrial, step: WarmUp, at_once: int, *, cold: bool) -> Look:
    """Each has workers that make their first calls in it."""
    warm_s = at_once / step.expected_per_s + runner.call_s
    done = runner.run_calls(trial, at_once, 1, expected_s=warm_s + runner.journal.cold_s, cold=cold).done
    runner.budget.excuse(cold_excess_s((done.wall_s, warm_s)) if cold else 0.0)
    return Look(at_once, done.errors, done.wall_s, mean_s(done.latencies))


def _warm(runner: Runner, trial: LiveTrial, step: WarmUp, looks_s: list[float]) -> None:
    """A call of each worker, all at the same time, again and again until calls stop getting cheaper. That shows of the
    speed too: where they stand in each other's way the model, which knows only the call alone, expects far too much.

    :param looks_s: seconds of those that were made already
    """
    budget = runner.budget
    warm_s, cold_s = step.calls / step.expected_per_s, runner.journal.cold_s
    while len(looks_s) < step.most_looks and not is_warm(looks_s) and 0 < step.calls <= budget.calls_left:
        cold = bool(cold_s) and not looks_s
        done = runner.run_calls(trial, step.calls, 1, expected_s=warm_s + cold_s, cold=cold).done
        looks_s.append(done.wall_s)
    if looks_s:
        trial.expected_per_s = min(step.expected_per_s, SHORT_ROUND * step.calls / looks_s[-1])
    budget.excuse(cold_excess_s(looks_s if len(looks_s) > 1 or not cold_s else [*looks_s, warm_s]))


def _rounds(runner: Runner, step: Rounds) -> None:
    budget, trials = runner.budget, runner.journal.trials
    runner.say(f"{'watching' if step.observed else 'timing'} {counted(len(step.trials), 'configuration')}")
    shuffled = runner.rng.sample(step.trials, len(step.trials))
    for waiting, trial in zip(range(len(shuffled), 0, -1), map(trials.__getitem__, shuffled), strict=True):
        if not trial.alive or budget.calls_left <= 0:
            continue
        needed_s = step.round_s
        if trial.expected_per_s:  # a call for each worker at least
            needed_s = max(needed_s, trial.configuration.workers / trial.expected_per_s)
        if budget.racing_s > (needed_s if trial.account.rounds else 0.0):
            most = max(1, budget.calls_left // (waiting * step.passes_left))
            if most >= trial.configuration.workers or not trial.account.rounds:  # half a wave would tell of half a pool
                runner.run_round(trial, step.round_s, observed=step.observed, most=most)


def _single_calls(runner: Runner, trial: LiveTrial, calls: int) -> None:
    def once() -> None:
        done = runner.run_calls(trial, calls, 1).done
        trial.account.note(chunksize_one_per_s=done.calls / done.wall_s)

    runner.attempt(trial, once)


# -- results that change ----------------------------------------------------------------------------------------------


def _check_results(runner: Runner, step: CheckResults) -> None:
    """The serial run goes over the inputs before the others and after them, and once more in the process of one of
    them, a call at a time: what differs then differs from run to run, or from process to process (the clock, a state
    elsewhere, a process's number), and says nothing of calls at the same time."""
    runner.say("comparing results")
    runner.start_spares(min(step.soon, MOST_STARTED))
    solo, *others = (runner.journal.trials[number] for number in (0, *step.trials))
    inputs = min(solo.inputs_used, step.inputs)
    before = runner.journal.results_alone or _results_alone(runner, others, inputs)
    made = [(trial, _digests(runner, trial, step.calls, inputs)) for trial in others if before]
    alone = joined(before, _digests(runner, solo, inputs, inputs) if before else {})
    _note(solo, compare_alone(alone), known=compare_alone(runner.journal.results_alone))
    for trial, digests in made:
        _note(trial, compare_concurrent(alone, digests))
    runner.journal.results_alone = alone
    runner.settle_spares(runner.budget.start_deadline())


def _results_alone(runner: Runner, others: Sequence[LiveTrial], inputs: int) -> dict[str, list[str]]:
    """Of the serial run, and of calls in turn in the process of another one; none when the serial run ended in it."""
    own = _digests(runner, runner.journal.trials[0], inputs, inputs)
    elsewhere = next((trial for trial in others if _shares_memory(runner, trial)), None)
    apart = _digests(runner, elsewhere, inputs, inputs, in_turn=True) if own and elsewhere else {}
    return joined(own, apart)


def _shares_memory(runner: Runner, trial: LiveTrial) -> bool:
    """Whether a call finds what the one before it left in memory, as in the serial run."""
    traits = runner.journal.experiment.backends[trial.configuration.backend]
    return traits.shares_gil and not traits.elsewhere


def _digests(
    runner: Runner, trial: LiveTrial, calls: int, inputs: int, *, in_turn: bool = False
) -> dict[str, list[str]]:
    """By input; none when the trial ended in it."""
    made: dict[str, list[str]] = {}
    before, patience_s = trial.account.calls, max(PATIENCE_S, PATIENCE * calls * runner.call_s)
    limit = runner.budget.deadline(min(runner.options.timeout_s, patience_s))
    runner.attempt(trial, lambda: made.update(trial.digests(calls, inputs, limit, in_turn=in_turn)))
    runner.budget.spend(trial.account.calls - before)
    return made


def _note(trial: LiveTrial, compared: Compared, known: Compared = NOTHING) -> None:
    """Beside what was noted before, and without what is ``known`` of it."""
    if compared.results > known.results:
        noted = trial.account.known
        trial.account.note(
            results_compared=(noted.results_compared or 0) + compared.results - known.results,
            results_differing=(noted.results_differing or 0) + compared.differing - known.differing,
        )


# -- hot lines --------------------------------------------------------------------------------------------------------


def _hot_lines(runner: Runner) -> Hot:
    runner.say("looking for the hot lines")
    solo, loaded = runner.journal.trials[0], runner.journal.loaded
    file = loaded.target.file if loaded else None
    with HotRecorder(HOT_RATE_HZ, limit_s=runner.options.budget_s, target_file=file) as recorder:
        recorder.start(solo.process.pid)
        with loading(runner.ahead):
            runner.run_round(solo, HOT_ROUND_S, observed=False, keep=False)
            return recorder.stop()
