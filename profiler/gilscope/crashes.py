"""Where a process was when a signal ended it: Python's own faulthandler writes the stack, and this reads it."""

from __future__ import annotations

import faulthandler
import re
from pathlib import PurePath

__all__ = ["crashed_in", "tell_crashes"]

STDERR = 2
#: Of a stack, innermost first: what crashed, and who called it.
NAMED_FRAMES = 2
#: Threads that crash at once write through each other.
_FATAL = re.compile(r"^(?:Fatal Python error: )+(?P<what>.+)$", re.MULTILINE)
_FRAME = re.compile(r'^  File "(?P<path>.*)", line (?P<line>\d+) in (?P<function>.+)$', re.MULTILINE)
_OWN = "/gilscope/"


def tell_crashes() -> None:
    """From now on, a crash of this process writes the stack of the thread that crashed to standard error, before it
    ends the process as it would have. Where the user's program did so itself, its own way stays."""
    if not faulthandler.is_enabled():
        faulthandler.enable(STDERR, all_threads=False)


def crashed_in(printed: str) -> str | None:
    """What crashed last of all that was printed, and where; None where nothing did.

    >>> crashed_in('Fatal Python error: Aborted\\n\\nCurrent thread 0x1:\\n  File "/a/work.py", line 3 in parse\\n')
    'Aborted in parse (work.py:3)'
    """
    *_, last = [None, *_FATAL.finditer(printed)]
    if last is None:
        return None
    stack = printed[last.end() :].split("\n\n")[1:2]  # the block of the thread, after an empty line
    frames = [frame for block in stack for frame in _FRAME.finditer(block) if _OWN not in frame["path"]]
    places = [f"{frame['function']} ({PurePath(frame['path']).name}:{frame['line']})" for frame in frames]
    return " in ".join(filter(None, [last["what"], ", called by ".join(places[:NAMED_FRAMES])]))
