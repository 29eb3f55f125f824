"""One function under several Pythons.

One process analyzes all of them: a trial's process is asked and watched in the same way whichever Python runs it. So
each Python has an analysis of its own, one after the other, whose function alone and recommended configuration are kept
alive; then rounds of all these, in random order, again and again. What is told of one Python beside another comes from
those rounds and from nothing else, so that a machine that drifts favours none.
"""

from __future__ import annotations

import os
import random
import site
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec

from gilscope.analysis.interleaved import Side, compare_results, interleave, rates, with_budget
from gilscope.analysis.loop import Progress, Tell, begun, carried_out
from gilscope.analysis.probing import Probed, probed
from gilscope.decide.pythons import side_by_side, verdict
from gilscope.errors import GilscopeError, PythonError, TargetFailedError, UsageError
from gilscope.measure.possible import refuse_where_impossible
from gilscope.options import Options
from gilscope.pythons_result import PythonsResult
from gilscope.records import Status
from gilscope.records.pythons import PythonRecord, PythonStatus
from gilscope.result import Result
from gilscope.targets import TargetSpec
from gilscope.units import counted, thousands
from gilscope.version import __version__

__all__ = ["INTERLEAVED_SHARE", "calls_of", "investigate_pythons", "options_of_each"]

#: The part of the budget, and of the calls, for the interleaved rounds.
INTERLEAVED_SHARE = 0.3


def investigate_pythons(target: TargetSpec, options: Options, tell: Tell = lambda progress: None) -> PythonsResult:
    """Measure the target under each of ``options.pythons``, and side by side. Ctrl-C ends it early: the result then
    holds what is finished and says so.

    :raises UsageError: when something cannot be done as asked; `PythonError` when no Python can run the target
    :raises TargetFailedError: when the target's own code raises under every one
    """
    refuse_where_impossible()
    target = _movable(target)
    course = _Course(target, options, tell)
    course.say("asking each Python who it is")
    course.found = probed(target, options)
    if not any(one.loaded for one in course.found):
        raise _none([(one, one.error) for one in course.found if one.error])
    course.probing_s = course.elapsed_s
    with ExitStack() as stack:
        try:
            _analyze_each(course, stack)
            _compare(course)
        except KeyboardInterrupt:
            course.interrupted = True
        _refuse_what_runs_nowhere(course)
        return _result(course)


def _none(refused: Sequence[tuple[Probed, GilscopeError]]) -> GilscopeError:
    """What is the matter with the target itself is the same everywhere, and an error as without other Pythons."""
    errors = [error for _, error in refused]
    if len({(type(error), str(error)) for error in errors}) == 1 and not isinstance(errors[0], PythonError):
        return errors[0]
    each = "; ".join(str(error) if repr(one.path) in str(error) else f"{one.name}: {error}" for one, error in refused)
    failed = [error for error in errors if isinstance(error, TargetFailedError)]
    if len(failed) == len(errors):
        return TargetFailedError(f"it runs under no Python: {each}", failed[0].traceback)
    return PythonError(f"no Python can run it: {each}")


def _refuse_what_runs_nowhere(course: _Course) -> None:
    """:raises TargetFailedError: when the target's own code raised under every one"""
    errors = [(one, one.error or course.failed.get(number)) for number, one in enumerate(course.found)]
    failed = [(one, error) for one, error in errors if isinstance(error, TargetFailedError)]
    if len(failed) == len(course.found):
        raise _none(failed)


# -- what is sent ------------------------------------------------------------------------------------------------------


def _movable(target: TargetSpec) -> TargetSpec:
    """The target as other Pythons may be told it: where this one keeps its own modules is no place for them.

    :raises UsageError: when it was passed as an object that is sent as bytecode, which every version has its own of
    """
    if target.payload is not None and b"cloudpickle" in target.payload:
        raise UsageError(
            f"{target.spec} or what it is called with is defined in a session, a lambda or a closure, and is sent as "
            "bytecode, which another Python does not run: define it in a module or a file"
        )
    return msgspec.structs.replace(target, sys_path=tuple(filter(_is_the_users, target.sys_path)))


def _is_the_users(folder: str) -> bool:
    paths = sysconfig.get_paths()
    own = {paths["purelib"], paths["platlib"], *site.getsitepackages(), site.getusersitepackages()}
    library = tuple(f"{paths[name]}{os.sep}" for name in ("stdlib", "platstdlib"))
    zipped = f"python{sysconfig.get_config_var('py_version_nodot')}.zip"
    return folder not in own and not f"{folder}{os.sep}".startswith(library) and os.path.basename(folder) != zipped


# -- each in turn ------------------------------------------------------------------------------------------------------


@dataclass
class _Course:
    """What came of it so far."""

    target: TargetSpec
    options: Options
    tell: Tell
    found: list[Probed] = field(default_factory=list)
    sides: dict[int, Side] = field(default_factory=dict)
    """By the number of the Python; of those that were analyzed."""
    halted: dict[int, Result] = field(default_factory=dict)
    """What was finished of an analysis that was interrupted."""
    failed: dict[int, GilscopeError] = field(default_factory=dict)
    results: dict[int, tuple[int, int]] = field(default_factory=dict)
    """How many results were compared, and how many of them differ."""
    compared: list[int] = field(default_factory=list)
    """The numbers of those that had rounds in turn."""
    probing_s: float = 0.0
    comparing_s: float | None = None
    interrupted: bool = False
    began: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.began

    @property
    def fit(self) -> list[int]:
        return [number for number, one in enumerate(self.found) if one.fit]

    @property
    def starting_s(self) -> float:
        return self.probing_s + sum(side.result.starting_s or 0.0 for side in self.sides.values())

    @property
    def left_s(self) -> float:
        """Of the budget: what analyses that were sure early did not need."""
        return self.options.budget_s - (self.elapsed_s - self.starting_s)

    def say(self, doing: str) -> None:
        self.tell(Progress(doing, self.elapsed_s, self.options.budget_s + self.starting_s))


def options_of_each(options: Options, pythons: int) -> Options:
    """Those of the analysis of each of so many Pythons, before rounds in turn."""
    share = (1 - INTERLEAVED_SHARE) / pythons
    return replace(options, pythons=(), budget_s=share * options.budget_s, max_calls=calls_of(options, share))


def calls_of(options: Options, share: float) -> int | None:
    """So much of the calls that are allowed; None where as many are as fit."""
    return None if options.max_calls is None else max(1, int(share * options.max_calls))


def _analyze_each(course: _Course, stack: ExitStack) -> None:
    """Every one has as much of the budget, and takes the inputs in the order of the first."""
    options = options_of_each(course.options, len(course.fit))
    order: tuple[int, ...] = ()
    for number in course.fit:
        try:
            side = course.sides[number] = _analyzed(course, number, options, order, stack)
        except GilscopeError as error:
            course.failed[number] = error
            continue
        order = order or side.solo.account.order


def _analyzed(course: _Course, number: int, options: Options, order: tuple[int, ...], stack: ExitStack) -> Side:
    """What it recommends is kept alive, and so is the function alone; the rest has ended.

    :raises KeyboardInterrupt: with what was finished noted, when it was interrupted
    """
    one = course.found[number]

    def tell(progress: Progress) -> None:
        course.say(f"{one.name}: {progress.doing}")

    runner, cpus = stack.enter_context(begun(course.target, options, tell, None, one.python, order))
    stack.callback(runner.end_all)
    result = carried_out(runner, cpus, runner.weigh_all)
    if result.interrupted:
        course.halted[number] = result
        raise KeyboardInterrupt
    chosen, solo = result.recommendation.trial, runner.journal.trials[0]
    best = None if chosen is None else runner.journal.racing[chosen]
    side = Side(one.name, runner, result, None if best is solo else best)
    runner.end_all(but=side.trials)
    return side


# -- side by side ------------------------------------------------------------------------------------------------------


def _compare(course: _Course) -> None:
    """Those whose function alone still lives; the results first, for other results are no comparison."""
    living = {number: side for number, side in course.sides.items() if side.solo.alive}
    if len(living) < 2:
        return
    began, planned_s = time.monotonic(), INTERLEAVED_SHARE * course.options.budget_s
    try:
        sides, course.compared = list(living.values()), list(living)
        with_budget(sides, max(planned_s, course.left_s), calls_of(course.options, INTERLEAVED_SHARE / len(sides)))
        keeps_what_it_did = any(side.runner.journal.by_first_calls for side in sides)
        if not keeps_what_it_did:
            _compare_results(course, living, planned_s)
        rest_s = planned_s - (time.monotonic() - began)
        interleave(sides, rest_s, random.Random(course.options.seed), course.say)
        if keeps_what_it_did:  # only now, for its rounds need inputs that no call has seen
            _compare_results(course, living, planned_s)
    finally:
        course.comparing_s = time.monotonic() - began


def _compare_results(course: _Course, living: Mapping[int, Side], planned_s: float) -> None:
    course.say("comparing results between the Pythons")
    told = compare_results(list(living.values()), planned_s)
    pairs = zip(list(living)[1:], told, strict=True)
    course.results |= {number: (compared.results, compared.differing) for number, compared in pairs}


# -- the record --------------------------------------------------------------------------------------------------------


def _result(course: _Course) -> PythonsResult:
    timed = dict(zip(course.compared, rates([course.sides[number] for number in course.compared]), strict=True))
    found = side_by_side([_record(course, number, *timed.get(number, ((), ()))) for number in range(len(course.found))])
    digests = [one.loaded.target.inputs_digest for one in course.found if one.loaded and one.fit]
    bare = all(one.loaded.bare for one in course.found if one.loaded)
    return PythonsResult(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        target=course.target.spec,
        gilscope=__version__,
        verdict=verdict(found),
        pythons=found.pythons,
        first=found.first,
        fastest=found.fastest,
        as_fast=found.as_fast,
        inputs_same=True if bare or None not in digests else None,
        settings=course.options.saved(),
        elapsed_s=course.elapsed_s,
        starting_s=course.starting_s,
        comparing_s=course.comparing_s,
        interrupted=course.interrupted,
    )


def _record(course: _Course, number: int, alone: tuple[float, ...], best: tuple[float, ...]) -> PythonRecord:
    one, side = course.found[number], course.sides.get(number)
    status, reason = _outcome(course, number)
    compared, differing = course.results.get(number, (0, 0))
    error = one.error
    return PythonRecord(
        name=one.name,
        path=one.path,
        python=one.python.python if one.python else None,
        implementation=one.python.implementation if one.python else None,
        free_threaded=one.python.free_threaded if one.python else None,
        status=status,
        reason=reason,
        missing_backends=one.python.missing if one.python else {},
        install=error.install if isinstance(error, PythonError) else None,
        result=side.result if side else course.halted.get(number),
        best=_best(side),
        alone_rates_per_s=alone,
        best_rates_per_s=best,
        results_compared=compared or None,
        results_differing=differing if compared else None,
    )


def _best(side: Side | None) -> str | None:
    """The recommended configuration in words."""
    chosen = side.result.recommendation.trial if side else None
    return None if side is None or chosen is None else side.result.trials[chosen].name


def _outcome(course: _Course, number: int) -> tuple[PythonStatus, str | None]:
    reasons = list(_reasons(course, number))
    return reasons[0] if reasons else ("ok", None)


def _failed_alone(analyzed: Status, since: Status) -> bool:
    """Whether the function alone failed, rather than had no time left for rounds in turn.

    :param analyzed: its status in the analysis of its own
    :param since: after the rounds in turn
    """
    return since != "ok" and not (analyzed == "ok" and since == "timeout")


def _reasons(course: _Course, number: int) -> Iterator[tuple[PythonStatus, str]]:
    one, side = course.found[number], course.sides.get(number)
    compared, differing = course.results.get(number, (0, 0))
    if one.error is not None:
        yield "refused", str(one.error)
    if one.differs:
        yield "differing", one.differs
    if number in course.failed:
        yield "failed", str(course.failed[number])
    if side is None:
        yield "interrupted", "it was interrupted"
        return
    if differing:
        yield "differing", f"of {counted(compared, 'result')} {thousands(differing)} are others than under the first"
    known = side.solo.account.known
    if _failed_alone(side.result.trials[0].status, known.status):
        yield "failed", f"the function alone: {known.reason}"
