"""What py-spy writes: the stacks it counted."""

from __future__ import annotations

import re
from typing import NamedTuple

from gilscope.observers.origins import is_gilscopes

__all__ = ["Frame", "SampledStack", "Samples", "parse_raw"]

_FRAME = re.compile(r"(?P<function>.+?) \((?P<file>.+):(?P<line>\d+)\)")


class Frame(NamedTuple):
    """A line of a function on a stack."""

    function: str
    file: str
    line: int


class SampledStack(NamedTuple):
    """A stack of a thread and how often it was seen."""

    thread: str
    frames: tuple[Frame, ...]
    """Outermost first, those further in than gilscope's last one; frames without a line number are left out."""
    seen: int
    in_call: bool = False
    """Whether gilscope's own frames stand above these: it makes a call in this thread."""


class Samples(NamedTuple):
    """What one run of py-spy saw."""

    stacks: tuple[SampledStack, ...]
    moments: float
    """Moments at which it looked and could read."""


def parse_raw(text: str) -> tuple[SampledStack, ...]:
    """From ``py-spy record --format raw --threads``: a stack a line, ``function (file:line);... count``."""
    stacks = []
    for line in text.splitlines():
        path, _, count = line.rpartition(" ")
        thread, _, path = path.partition(";") if path.startswith("thread (") else ("", "", path)
        if count.isdigit():
            frames = _frames(path)
            own = [at for at, frame in enumerate(frames, 1) if is_gilscopes(frame.file)]
            inner = frames[own[-1] :] if own else frames
            stacks.append(SampledStack(thread, inner, int(count), bool(own and inner)))
    return tuple(stacks)


def _frames(path: str) -> tuple[Frame, ...]:
    # Split behind a closing bracket only: the name of a thread or a folder may hold a semicolon.
    matches = (_FRAME.fullmatch(part) for part in re.split(r"(?<=\));", path))
    return tuple(Frame(match["function"], match["file"], int(match["line"])) for match in matches if match)
