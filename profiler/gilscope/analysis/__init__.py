"""plan → measure → decide: the one place where these meet."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from gilscope.analysis.budget import refuse_where_impossible
from gilscope.analysis.campaign import Campaign, Progress, Tell
from gilscope.analysis.conclude import conclude
from gilscope.analysis.survey import survey
from gilscope.extensions import Extension, installed
from gilscope.observers.cpus import usable_cpus
from gilscope.options import Options, all_options
from gilscope.result import Result
from gilscope.targets import TargetSpec, describe

__all__ = ["Options", "Progress", "Tell", "analyze", "check", "investigate", "survey"]


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


def investigate(target: TargetSpec, options: Options, tell: Tell = lambda progress: None) -> Result:
    """Measure and conclude. Ctrl-C ends it early: the result then holds what is finished and says so.

    :param tell: hears of the progress
    :raises UsageError: when something cannot be done as asked
    :raises BrokerError: when the workers on other hosts that were asked for do not come
    :raises TargetFailedError: when the target's own code raises on import, in its set-up, or in every call
    """
    refuse_where_impossible()
    extensions = [extension(options) for extension in installed()]
    with _within(extensions, options, tell):
        campaign = Campaign(target, options, usable_cpus(options.cpus), tell, extensions)
        try:
            campaign.run()
            return conclude(campaign)
        except KeyboardInterrupt:
            return conclude(campaign, interrupted=True)


def check(options: Options) -> None:
    """Refuse options that do not go together, before anything is measured.

    :raises UsageError: when that is so
    """
    for extension in installed():
        extension(options)


@contextmanager
def _within(extensions: Sequence[Extension], options: Options, tell: Tell) -> Iterator[None]:
    """Within, what the extensions need is there."""
    with ExitStack() as stack:
        for extension in extensions:
            stack.enter_context(extension.around(lambda doing: tell(Progress(doing, 0.0, options.budget_s))))
        yield
