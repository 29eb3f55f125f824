"""The loop: measure what decisions ask for, until they ask for nothing, and conclude."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from gilscope import backends
from gilscope.analysis.budget import Budget
from gilscope.analysis.conclude import conclude
from gilscope.analysis.journal import Journal
from gilscope.analysis.perform import perform
from gilscope.analysis.runner import Runner
from gilscope.analysis.solo import start_solo
from gilscope.analysis.survey import survey
from gilscope.decide.measured import Experiment
from gilscope.decide.next_steps import kept_for_hot_lines_s, next_step
from gilscope.decide.traits import BackendTraits
from gilscope.extensions import Extension, installed
from gilscope.measure.possible import refuse_where_impossible
from gilscope.measure.spares import Spares
from gilscope.observers.cpus import usable_cpus
from gilscope.options import Options, all_options
from gilscope.result import Result
from gilscope.targets import TargetSpec, describe

__all__ = ["Progress", "Tell", "analyze", "check", "investigate", "survey"]


@dataclass(frozen=True)
class Progress:
    """Where an analysis is."""

    doing: str
    elapsed_s: float
    budget_s: float
    """How long it may take in all, as far as is known: what the target takes to start comes on top of the budget."""


Tell = Callable[[Progress], None]


def analyze(
    func: Callable[..., Any],
    inputs: Iterable[Any] | None = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    star: bool = False,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[[], Any] | None = None,
    options: Options | None = None,
    **settings: Any,
) -> Result:
    """Run ``func`` over ``inputs`` alone and under every executor backend, in fresh processes, and say how to run it.

    :param func: any callable; what cannot be pickled is not tried on processes
    :param inputs: one argument for each call; the first thousand are used. None takes those that `@classify` was given,
        and calls it without an argument where there are none
    :param kwargs: keyword arguments of every call
    :param star: unpack each input as positional arguments, as `itertools.starmap` does
    :param setup: called once in every process that runs the target, before it
    :param teardown: called once in every such process, at its end
    :param options: all that follows, in one; what is given beside it comes first
    :raises UsageError: when something cannot be done as asked (`TargetError` and `InputsError` are such)
    :raises TargetFailedError: when the target's own code raises on import, in its set-up, or in every call
    """
    target = describe(func, inputs, kwargs=kwargs, star=star, setup=setup, teardown=teardown)
    result = investigate(target, replace(options or Options(), **settings))
    if result.interrupted:
        raise KeyboardInterrupt
    return result


def _take_options(function: Callable[..., Any]) -> None:
    """Say in the signature and the docstring of ``function`` what its ``settings`` may be."""
    own = inspect.signature(function)
    kept = [parameter for parameter in own.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
    kind = inspect.Parameter.KEYWORD_ONLY
    taken = [inspect.Parameter(one.name, kind, default=one.default, annotation=one.annotation) for one in all_options()]
    function.__signature__ = own.replace(parameters=[*kept, *taken])  # type: ignore[attr-defined]
    before, raises, behind = (function.__doc__ or "").partition("    :raises")
    told = (f"    :param {one.name}: {one.in_python or one.help}\n" for one in all_options())
    function.__doc__ = f"{before}{''.join(told)}{raises}{behind}"


_take_options(analyze)


def investigate(
    target: TargetSpec, options: Options, tell: Tell = lambda progress: None, spares: Spares | None = None
) -> Result:
    """Measure and conclude. Ctrl-C ends it early: the result then holds what is finished and says so.

    :param tell: hears of the progress
    :param spares: with a process for the serial run, if it was started already; the analysis ends what is left of them
    :raises UsageError: when something cannot be done as asked
    :raises BrokerError: when the workers on other hosts that were asked for do not come
    :raises TargetFailedError: when the target's own code raises on import, in its set-up, or in every call
    """
    refuse_where_impossible()
    extensions = [extension(options) for extension in installed()]
    with ExitStack() as stack:
        for extension in extensions:
            stack.enter_context(extension.around(lambda doing: tell(Progress(doing, 0.0, options.budget_s))))
        cpus = usable_cpus(options.cpus)
        budget = Budget(
            options.budget_s, options.max_calls, kept_for_hot_lines_s(options), start_limit_s=options.may_start_s
        )
        experiment = Experiment(options, cpus.usable, _traits(options, extensions), cpus.cores)

        def say(doing: str) -> None:
            tell(Progress(doing, budget.wall_s, options.budget_s + budget.started_s))

        runner = Runner(target, Journal(experiment), budget, say, extensions, spares)
        try:
            _measure(runner)
            return conclude(runner, cpus)
        except KeyboardInterrupt:
            return conclude(runner, cpus, interrupted=True)


def _measure(runner: Runner) -> None:
    """Measure what decisions ask for until they ask for nothing. Processes are ended however this ends."""
    try:
        runner.say("importing the target and calling it alone")
        start_solo(runner)
        while (step := next_step(runner.measured)) is not None:
            runner.journal.steps.append(step)
            perform(runner, step)
    finally:
        runner.end_all()


def _traits(options: Options, extensions: Sequence[Extension]) -> dict[str, BackendTraits]:
    """Of the backends that may be tried, ``serial`` first.

    :raises UsageError: when one is not there
    """
    asked = options.backends or backends.names()
    made = [backends.get(name) for name in ("serial", *(name for name in dict.fromkeys(asked) if name != "serial"))]
    return {
        each.name: BackendTraits(
            each.name,
            each.shares_gil,
            each.start_methods,
            next((n for extension in extensions if (n := extension.workers_of(each.name))), each.fixed_workers),
            each.elsewhere,
            each.simplicity,
            each.empty_chunks,
        )
        for each in made
    }


def check(options: Options) -> None:
    """Refuse options that do not go together, before anything is measured.

    :raises UsageError: when that is so
    """
    for extension in installed():
        extension(options)
