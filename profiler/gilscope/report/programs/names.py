"""How a program's functions, threads and processes are called in reports."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from gilscope.records.programs import Place, ThreadAccount
from gilscope.report.palette import STATE_STYLES
from gilscope.units import UNKNOWN, thousands

__all__ = ["NO_GIL", "called", "command_told", "place_told", "state_title", "thread_name"]

#: In the place of how much of the time it was held.
NO_GIL: Final = "no GIL"
_MOST_COMMAND: Final = 60


def called(place: Place | None) -> str:
    """``tokenize (text.py:12)``: short, and told from others of its name."""
    return UNKNOWN if place is None else f"{place.shown} ({place_told(place.file, place.line)})"


def place_told(file: str, line: int) -> str:
    """``text.py:12``; of what is called alike everywhere, with the folder."""
    path = PurePath(file)
    name = "/".join(path.parts[-2:]) if path.name in ("__init__.py", "__main__.py") else path.name or file
    return f"{name}:{line}"


def thread_name(thread: ThreadAccount) -> str:
    """What it was started for, where its own name is only its program's; and its number, or how many are like it."""
    if thread.threads > 1:
        return f"{_name(thread)} and {thousands(thread.threads - 1)} like it"
    return f"{_name(thread)} ({thread.tid})"


def _name(thread: ThreadAccount) -> str:
    if thread.name and not thread.name.startswith("python"):
        return thread.name
    if thread.tid == thread.pid:
        return "main thread"
    if thread.began_in is not None:
        return thread.began_in.shown
    return thread.name or ("native" if thread.native else "thread")


def command_told(command: str) -> str:
    """A command line in few words: the program without its folder, and the first of what it was given."""
    program, _, given = command.partition(" ")
    told = f"{PurePath(program).name} {given}".strip()
    return told if len(told) <= _MOST_COMMAND else f"{told[: _MOST_COMMAND - 1]}…"


def state_title(state: str) -> str:
    """A state as every report calls it."""
    return STATE_STYLES[state].title if state in STATE_STYLES else state
