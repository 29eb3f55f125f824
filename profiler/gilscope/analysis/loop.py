"""The loop: measure what decisions ask for, until they ask for nothing, and conclude."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from gilscope import backends
from gilscope.analysis.budget import Budget
from gilscope.analysis.journal import Journal
from gilscope.analysis.perform import perform
from gilscope.analysis.runner import Runner
from gilscope.analysis.solo import start_solo
from gilscope.decide.measured import Experiment
from gilscope.decide.next_steps import kept_for_hot_lines_s, next_step
from gilscope.decide.traits import BackendTraits
from gilscope.extensions import Extension, check, installed
from gilscope.measure.possible import refuse_where_impossible
from gilscope.measure.pythons import Python
from gilscope.measure.spares import Spares
from gilscope.observers.cpus import CpuBudget, usable_cpus
from gilscope.options import Options
from gilscope.result import Result
from gilscope.targets import TargetSpec

__all__ = ["Progress", "Tell", "begun", "carried_out", "check", "investigate", "traits_of"]


@dataclass(frozen=True)
class Progress:
    """Where an analysis is."""

    doing: str
    elapsed_s: float
    budget_s: float
    """How long it may take in all, as far as is known: what the target takes to start comes on top of the budget."""

    @property
    def left_s(self) -> float:
        """How much longer it may take, as far as is known; it ends earlier where it is sure earlier."""
        return max(0.0, self.budget_s - self.elapsed_s)


Tell = Callable[[Progress], None]


def investigate(
    target: TargetSpec,
    options: Options,
    tell: Tell = lambda progress: None,
    spares: Spares | None = None,
    ahead: Callable[[], object] = lambda: None,
) -> Result:
    """Measure and conclude. Ctrl-C ends it early: the result then holds what is finished and says so.

    :param tell: hears of the progress
    :param spares: with a process for the serial run, if it was started already; the analysis ends what is left of them
    :param ahead: loads what the caller needs to go on, in a thread, while the last is measured
    :raises UsageError: when something cannot be done as asked
    :raises BrokerError: when the workers on other hosts that were asked for do not come
    :raises TargetFailedError: when the target's own code raises on import, in its set-up, or in every call
    """
    with begun(target, options, tell, spares) as (runner, cpus):
        runner.ahead = ahead
        return carried_out(runner, cpus, runner.end_all)


@contextmanager
def begun(
    target: TargetSpec,
    options: Options,
    tell: Tell,
    spares: Spares | None = None,
    python: Python | None = None,
    order: tuple[int, ...] = (),
) -> Iterator[tuple[Runner, CpuBudget]]:
    """An analysis that nothing was measured for yet; its budget's clock begins.

    :param python: as of `Runner`, and so is ``order``
    :raises UsageError: as `investigate`, and so for `BrokerError`
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
        experiment = Experiment(options, cpus.usable, traits_of(options, extensions, python), cpus.cores)

        def say(doing: str) -> None:
            tell(Progress(doing, budget.wall_s, options.budget_s + budget.started_s))

        yield Runner(target, Journal(experiment), budget, say, extensions, spares, python, order), cpus


def carried_out(runner: Runner, cpus: CpuBudget, at_end: Callable[[], None]) -> Result:
    """Measure and conclude, as `investigate` says. What concludes is loaded when it is its turn, or ahead.

    :param at_end: called when nothing more is measured, however that ends, before anything is concluded
    """
    try:
        _measure(runner, at_end)
        return _concluded(runner, cpus)
    except KeyboardInterrupt:
        return _concluded(runner, cpus, interrupted=True)


def _concluded(runner: Runner, cpus: CpuBudget, *, interrupted: bool = False) -> Result:
    from gilscope.analysis.conclude import conclude

    return conclude(runner, cpus, interrupted=interrupted)


def _measure(runner: Runner, at_end: Callable[[], None]) -> None:
    """Measure what decisions ask for until they ask for nothing."""
    try:
        runner.say("importing the target and calling it alone")
        start_solo(runner)
        while (step := next_step(runner.measured)) is not None:
            runner.journal.steps.append(step)
            perform(runner, step)
    finally:
        at_end()


def traits_of(
    options: Options, extensions: Sequence[Extension], python: Python | None = None
) -> dict[str, BackendTraits]:
    """Of the backends that may be tried, ``serial`` first.

    :raises UsageError: when one is not there
    """
    told = python.traits if python else _own_traits(options)
    asked = options.backends or (python.backends if python else backends.names())
    names = dict.fromkeys(["serial", *(name for name in asked if name in told)])
    return {name: BackendTraits(name, **told[name] | _fixed_by(name, extensions)) for name in names}


def _own_traits(options: Options) -> dict[str, dict[str, Any]]:
    """Of this Python's backends, by name; those of another are told by itself."""
    names = ("serial", *(options.backends or backends.names()))
    return {name: backends.get(name).traits() for name in names}


def _fixed_by(backend: str, extensions: Sequence[Extension]) -> dict[str, int]:
    """Workers that are there already."""
    workers = next((count for extension in extensions if (count := extension.workers_of(backend))), None)
    return {} if workers is None else {"fixed_workers": workers}
