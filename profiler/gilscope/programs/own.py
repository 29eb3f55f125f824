"""Frames of gilscope's own within a program: what `@classify` and ``run --capture`` do in its calls.

They are none of the program's functions. What calls a frame of the program's is left out; what is innermost is told as
`OWN`, for it is a cost. The function that stands in the place of a decorated one says in the name of its file what
reports call that (`gilscope.production.template`), so that it is called so here too.
"""

from __future__ import annotations

import re
from typing import Final

from gilscope.programs.moments import PythonFunction

__all__ = ["OWN", "classified_name", "is_own"]

#: All that gilscope does in the program's threads.
OWN: Final = PythonFunction("gilscope itself", "<gilscope>", 0)
#: By their paths, for the program may have another copy of gilscope.
_FILES = re.compile(r"[/\\]gilscope[/\\](?:production|capture)[/\\](?:<classify|\w+\.py$)")
_WRAPPERS = re.compile(r"[/\\]<classify (.+)>$", re.DOTALL)


def is_own(file: str) -> bool:
    """Whether a file is of what gilscope does in programs."""
    return _FILES.search(file) is not None


def classified_name(file: str) -> str:
    """What reports call the function that is decorated; empty where the file is not of one that stands in its place."""
    found = _WRAPPERS.search(file)
    return "" if found is None else found[1]
