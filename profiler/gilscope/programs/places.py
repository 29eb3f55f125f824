"""Which function of a stack a moment is told of."""

from __future__ import annotations

import re
from functools import lru_cache

from gilscope.programs.moments import Frame, PythonFunction

__all__ = ["frame_text", "is_library", "telling"]

#: The standard library's folder, of whatever interpreter, and what is installed for it. Editable installs are in
#: neither: they are their author's.
_LIBRARY = re.compile(r"(^<frozen )|(/lib(64)?/python3\.\d+t?/)|(/(site|dist)-packages/)|(\\Lib\\)")


@lru_cache(maxsize=8192)
def is_library(file: str) -> bool:
    """Whether a file is the standard library's or an installed package's, by its path: another machine's, perhaps."""
    return _LIBRARY.search(file) is not None


def telling(stack: tuple[Frame, ...] | None) -> PythonFunction | None:
    """The function that is to be named: the innermost of the program's own, for it can be changed and analyzed; of a
    stack of libraries alone, the innermost.

    :param stack: innermost first
    """
    if not stack:
        return None
    own = (frame.function for frame in stack if not is_library(frame.function.file))
    return next(own, stack[0].function)


def frame_text(frame: Frame) -> str:
    """``function (file:line)``, as profilers write it."""
    line = frame.function.first_line if frame.line is None else frame.line
    return f"{frame.function.name} ({frame.function.file}:{line})"
