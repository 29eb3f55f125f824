"""An analysis, as Python asks for it; `gilscope.analysis.loop` does it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, overload

from gilscope.analysis.loop import Progress, Tell, check, investigate
from gilscope.analysis.pythons import investigate_pythons
from gilscope.analysis.survey import survey
from gilscope.choosing import require_kind
from gilscope.keywords import naming_keywords
from gilscope.options import BUDGET_S, Options, all_options, keywords
from gilscope.pythons_result import PythonsResult
from gilscope.renamed import refuse_unknown
from gilscope.result import Result
from gilscope.targets import TargetSpec, describe

__all__ = ["Progress", "Tell", "analyze", "check", "investigate", "investigate_pythons", "survey"]

T = TypeVar("T")


@overload
def analyze(
    func: Callable[..., Any],
    inputs: Iterable[Any] | None = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    star: bool = False,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[[], Any] | None = None,
    options: Options | None = None,
    progress: Tell | None = None,
    pythons: Sequence[str | os.PathLike[str]],
    **settings: Any,
) -> PythonsResult: ...


@overload
def analyze(
    func: Callable[..., Any],
    inputs: Iterable[Any] | None = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    star: bool = False,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[[], Any] | None = None,
    options: Options | None = None,
    progress: Tell | None = None,
    **settings: Any,
) -> Result: ...


@naming_keywords(keywords)
def analyze(
    func: Callable[..., Any],
    inputs: Iterable[Any] | None = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    star: bool = False,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[[], Any] | None = None,
    options: Options | None = None,
    progress: Tell | None = None,
    **settings: Any,
) -> Result | PythonsResult:
    """Run ``func`` over ``inputs`` alone and under every executor backend, in fresh processes, and say how to run it.
    With ``pythons``, under each of these, side by side.

    :param func: any callable; what cannot be pickled is not tried on processes
    :param inputs: one argument for each call, ``max_inputs`` of them. None takes those that `@classify` was given,
        and calls it without an argument where there are none
    :param kwargs: keyword arguments of every call
    :param star: unpack each input as positional arguments, as `itertools.starmap` does
    :param setup: called once in every process that runs the target, before it
    :param teardown: called once in every such process, at its end
    :param options: all that follows, in one; what is given beside it comes first
    :param progress: called with a `Progress` before each step, in this thread: what is measured next, and how much
        longer it may take. What it raises ends the analysis, and is raised here
    :raises KeyboardInterrupt: at Ctrl-C, when every process has ended. Its attribute ``result`` is what was finished by
        then; there is none where nothing had begun
    :raises UsageError: when something cannot be done as asked (`TargetError` and `InputsError` are such)
    :raises TargetFailedError: when the target's own code raises on import, in its set-up, or in every call
    """
    refuse_unknown(settings, [one.name for one in all_options()])
    if progress is not None:
        require_kind("progress", progress, Callable, "function of one Progress")
    told = _told(options, settings)
    target = describe(
        func, inputs, kwargs=kwargs, star=star, setup=setup, teardown=teardown, max_inputs=told.max_inputs
    )
    result = _telling(progress, lambda tell: _investigated(target, told, tell))
    if result.interrupted:
        raise _stopped(result)
    return result


def _investigated(target: TargetSpec, options: Options, tell: Tell) -> Result | PythonsResult:
    return investigate_pythons(target, options, tell) if options.pythons else investigate(target, options, tell)


def _stopped(result: Result | PythonsResult) -> KeyboardInterrupt:
    """A plain one: by a subclass, Python up to 3.13 would end with status 1 instead of by the signal, and whoever waits
    for the program, as a shell with a loop of commands, would not know that it was Ctrl-C."""
    stopped = KeyboardInterrupt(
        "the analysis was interrupted; this exception's attribute `result` is what was finished"
    )
    stopped.result = result  # type: ignore[attr-defined]
    return stopped


class _Raised(BaseException):
    """What a caller's own code raised: nothing within the analysis takes it for an error of a target or of a trial."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _telling(progress: Tell | None, analysis: Callable[[Tell], T]) -> T:
    """The analysis, which tells the caller of its progress."""

    def tell(told: Progress) -> None:
        if progress is not None:
            try:
                progress(told)
            except Exception as error:
                raise _Raised(error) from error

    try:
        return analysis(tell)
    except _Raised as raised:
        error = raised.error
    raise error  # as it was raised, for the analysis is no context of it


def _told(options: Options | None, settings: Mapping[str, Any]) -> Options:
    """:raises UsageError: when they are not what they ought to be"""
    if options is not None:
        require_kind("options", options, Options, "gilscope.Options")
    return replace(options or Options(), **_with_budget(settings, options))


def _with_budget(settings: Mapping[str, Any], options: Options | None) -> dict[str, Any]:
    """With paths as text, and where no budget was given as much for each Python as one would have."""
    given = settings.get("pythons", ())
    if isinstance(given, str | os.PathLike) or not isinstance(given, Iterable):
        return dict(settings)  # which is refused
    pythons = tuple(os.fspath(path) if isinstance(path, os.PathLike) else path for path in given)
    usual = {"budget_s": BUDGET_S * len(pythons)} if pythons and options is None else {}
    return {**usual, **settings, **({"pythons": pythons} if pythons else {})}


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
