"""What a thread's event loop has called: told by the frames above the loop's own. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from gilscope.programs.moments import Frame, PythonFunction

__all__ = ["Running", "is_loop", "running"]

#: The function that goes round, by the end of its file's path.
_TURN: Final = ("asyncio/base_events.py", "BaseEventLoop._run_once")
#: What asyncio has between the loop and the callback.
_BETWEEN: Final = ("asyncio/events.py", "Handle._run")
#: Further in than the loop, it waits for events, or looks for them.
_SELECTS: Final = "selectors.py"
#: What runs a loop that is no Python, as uvloop's: the callback stands right above.
_NATIVE: Final = (("asyncio/runners.py", "Runner.run"), ("asyncio/base_events.py", "BaseEventLoop.run_until_complete"))
_NAMES: Final = frozenset({_TURN[1], *(name for _, name in _NATIVE)})


class Running(NamedTuple):
    """What a thread's event loop is doing."""

    loop: Frame
    """Its own."""
    callback: PythonFunction | None
    """What it has called; None of one that waits for events, or is between two callbacks."""
    inner: tuple[Frame, ...] = ()
    """The callback's frames, innermost first."""


def running(stack: tuple[Frame, ...]) -> Running | None:
    """What the event loop that the stack is of is doing; None where there is none.

    :param stack: innermost first
    """
    own = [at for at, frame in enumerate(stack) if frame.function.name in _NAMES]  # most stacks have none
    at = next((at for at in own if _is(stack[at], _TURN)), None)
    if at is not None:
        inner = stack[:at]
        if inner and _is(inner[-1], _BETWEEN):
            inner = inner[:-1]
        elif inner and inner[-1].function.file.endswith(_SELECTS):
            inner = ()
        return _in(inner, stack[at])
    at = next((at for at in own if any(_is(stack[at], place) for place in _NATIVE)), None)
    return None if at is None else _in(stack[:at], stack[at])


def _in(inner: Sequence[Frame], loop: Frame) -> Running:
    return Running(loop, inner[-1].function if inner else None, tuple(inner))


def is_loop(function: PythonFunction) -> bool:
    """Whether it is an event loop's own."""
    return any(_is(Frame(function, None), place) for place in (_TURN, *_NATIVE))


def _is(frame: Frame, place: tuple[str, str]) -> bool:
    return frame.function.name == place[1] and frame.function.file.replace("\\", "/").endswith(place[0])
