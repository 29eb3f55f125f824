"""One call of a target, whatever kind it is, and what its exception says."""

from __future__ import annotations

import inspect
import os
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gilscope.backends.base import CallError, Work

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["call_async", "caller", "describe_error", "undecorated"]


def caller(work: Work) -> Callable[[Any], Any]:
    """The function of one input that makes one call of a target that is not awaited."""
    func, kwargs = undecorated(work.func), work.kwargs
    if work.kind == "generator":
        return lambda item: _drain(func(*_arguments(work, item), **kwargs))
    if work.bare:
        return lambda item: func(**kwargs)
    if work.star:
        return lambda item: func(*item, **kwargs)
    return (lambda item: func(item, **kwargs)) if kwargs else func


async def call_async(work: Work, item: Any) -> Any:
    """Make one call of a coroutine function, or drain an async generator, on the running loop."""
    made = undecorated(work.func)(*_arguments(work, item), **work.kwargs)
    if work.kind == "coroutine":
        return await made if inspect.isawaitable(made) else made  # one that hides its kind may give either
    async for _ in made:
        del _
    return None


def undecorated(func: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, without what `gilscope.classify` adds to its calls."""
    known = getattr(func, "__gilscope__", None)
    bare: Callable[..., Any] = func if known is None else known.bare(func)
    return bare


def _arguments(work: Work, item: Any) -> tuple[Any, ...]:
    if work.bare:
        return ()
    return tuple(item) if work.star else (item,)


def _drain(generator: Any) -> None:
    for _ in generator:
        del _


def describe_error(error: BaseException) -> CallError:
    """The exception as text, its traceback from the first line of the target on."""
    frames = _below_own(error.__traceback__)
    told = traceback.TracebackException(type(error), error, frames)  # which survives a ``__str__`` that raises
    return CallError(type(error).__name__, str(told)[:1000], "".join(told.format())[-8000:])


def _below_own(frames: TracebackType | None) -> TracebackType | None:
    """What lies below the last frame of this package; an event loop's frames may lie between its own."""
    below, here = frames, os.path.dirname(__file__)
    while frames is not None:
        if os.path.dirname(frames.tb_frame.f_code.co_filename) == here:
            below = frames.tb_next
        frames = frames.tb_next
    return below
