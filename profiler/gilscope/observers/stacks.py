"""What py-spy writes: the stacks it counted."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Frame", "Samples", "Stack", "parse_raw"]

_FRAME = re.compile(r"(?P<function>.+?) \((?P<file>.+):(?P<line>\d+)\)")


class Frame(NamedTuple):
    """A line of a function on a stack."""

    function: str
    file: str
    line: int


class Stack(NamedTuple):
    """A stack of a thread and how often it was seen."""

    thread: str
    frames: tuple[Frame, ...]
    """Outermost first; frames without a line number are left out."""
    seen: int


class Samples(NamedTuple):
    """What one run of py-spy saw."""

    stacks: tuple[Stack, ...]
    moments: float
    """Moments at which it looked and could read."""


def parse_raw(text: str) -> tuple[Stack, ...]:
    """From ``py-spy record --format raw --threads``: a stack a line, ``function (file:line);... count``."""
    stacks = []
    for line in text.splitlines():
        path, _, count = line.rpartition(" ")
        thread, _, frames = path.partition(";") if path.startswith("thread (") else ("", "", path)
        if count.isdigit():
            stacks.append(Stack(thread, _frames(frames), int(count)))
    return tuple(stacks)


def _frames(path: str) -> tuple[Frame, ...]:
    # Split behind a closing bracket only: the name of a thread or a folder may hold a semicolon.
    matches = (_FRAME.fullmatch(part) for part in re.split(r"(?<=\));", path))
    return tuple(Frame(match["function"], match["file"], int(match["line"])) for match in matches if match)
