"""Which function of a stack a moment is told of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from gilscope.programs.callbacks import running
from gilscope.programs.moments import Frame, PythonFunction

__all__ = ["frame_text", "function_text", "is_library", "is_runner", "is_started_module", "telling", "telling_frame"]

#: The standard library's folder, of whatever interpreter, and what is installed for it. Editable installs are in
#: neither: they are their author's.
_LIBRARY = re.compile(r"(^<frozen )|(^<gilscope>$)|(/lib(64)?/python3\.\d+t?/)|(/(site|dist)-packages/)|(\\Lib\\)")
_PACKAGE = re.compile(r"[/\\](?:site|dist)-packages[/\\]([^/\\.]+)")
#: Packages that run others' code: servers, task queues, schedulers, loops, command lines.
_RUNNERS: Final = frozenset(
    {
        "amqp", "anyio", "apscheduler", "asgiref", "billiard", "celery", "cheroot", "click", "daphne", "distributed",
        "dramatiq", "eventlet", "gevent", "granian", "gunicorn", "huey", "hypercorn", "ipykernel", "kombu", "rq",
        "sniffio", "tornado", "trio", "twisted", "typer", "uvicorn", "uvloop", "vine", "waitress", "watchdog",
        "watchfiles", "werkzeug", "zmq",
    }
)  # fmt: skip
_OWN, _INSTALLED, _RUNS_IT, _STANDARD = range(4)


@lru_cache(maxsize=8192)
def _kind(file: str) -> int:
    if _LIBRARY.search(file) is None:
        return _OWN
    package = _PACKAGE.search(file)
    if package is None:
        return _STANDARD
    return _RUNS_IT if package[1] in _RUNNERS else _INSTALLED


def is_library(file: str) -> bool:
    """Whether a file is the standard library's or an installed package's, by its path: another machine's, perhaps."""
    return _kind(file) != _OWN


def is_started_module(file: str, argv: Sequence[str]) -> bool:
    """Whether a file is the module that a program was started as (``python -m``): the program's own, also where it is
    installed. The rest of its package may be a server that runs others' code."""
    name = next((after for word, after in pairwise(argv) if word == "-m"), None)
    return name is not None and file.endswith(f"/{name.replace('.', '/')}.py")


def is_runner(file: str) -> bool:
    """Whether a file is the standard library's, or of a package that runs others' code: nobody's work is done there."""
    return _kind(file) >= _RUNS_IT


def telling(stack: tuple[Frame, ...] | None) -> PythonFunction | None:
    """The function that is to be named of a stack; None of none.

    :param stack: innermost first
    """
    return telling_frame(stack).function if stack else None


def telling_frame(stack: tuple[Frame, ...]) -> Frame:
    """The innermost of the program's own, for it can be changed and analyzed; of a stack of libraries alone, the
    innermost of what is installed, rather than of the standard library. What called an event loop does not count: the
    loop itself is named where it has called nothing.

    :param stack: innermost first, of one frame at least
    """
    seen = running(stack)
    frames = stack if seen is None else seen.inner or (seen.loop,)
    kinds = [_kind(frame.function.file) for frame in frames]
    at = kinds.index(min(kinds))
    return _enclosing(frames, at) or frames[at]


def _enclosing(frames: tuple[Frame, ...], at: int) -> Frame | None:
    """Of a comprehension, a generator expression or a lambda: the call of the function that it is written in."""
    name, file = frames[at].function.name, frames[at].function.file
    outer, _, last = name.rpartition(".")
    if not last.startswith("<") or name == "<module>":
        return None
    outer = outer.removesuffix(".<locals>") or "<module>"
    return next((each for each in frames[at:] if each.function.name == outer and each.function.file == file), None)


def frame_text(frame: Frame) -> str:
    """``function (file:line)``, as profilers write it."""
    line = frame.function.first_line if frame.line is None else frame.line
    return f"{frame.function.shown} ({frame.function.file}:{line})"


def function_text(function: PythonFunction) -> str:
    """The same, where no line is told: that in which its code begins."""
    return f"{function.shown} ({function.file}:{function.first_line})"
