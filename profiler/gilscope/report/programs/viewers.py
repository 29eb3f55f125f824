"""A program's stacks for viewers of others: collapsed, and in speedscope's format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gilscope.errors import OutputError
from gilscope.records.programs import ProgramRecord, StateStack
from gilscope.report.clean import printable
from gilscope.report.programs.names import state_title
from gilscope.report.stacks import parsed

__all__ = ["collapsed", "speedscope"]

#: What separates frames, and what ends a line, cannot stand in a name.
_SEPARATORS: Final = str.maketrans(";\n\t", ":  ")
#: Collapsed stacks have whole numbers: microseconds.
_MICROSECONDS: Final = 1e6


def _stacks(record: ProgramRecord) -> Sequence[StateStack]:
    if not record.stacks:
        raise OutputError(
            f"{printable(record.command)!r} has no stacks to export: no thread of it was seen in Python code"
        )
    return [printable(stack) for stack in record.stacks]


def collapsed(record: ProgramRecord) -> str:
    """A line for each stack and state, the state being the outermost frame; microseconds of its threads.

    :raises OutputError: when there is no stack
    """
    return "".join(_line(stack) for stack in _stacks(record))


def _line(stack: StateStack) -> str:
    frames = (f"[{state_title(stack.state)}]", *stack.frames)
    joined = ";".join(frame.translate(_SEPARATORS).strip() for frame in frames)
    return f"{joined} {round(stack.seconds * _MICROSECONDS)}\n"


def speedscope(record: ProgramRecord) -> str:
    """A profile for each state, its weights thread-seconds; the frames are shared
    (https://www.speedscope.app/file-format-schema.json).

    :raises OutputError: when there is no stack
    """
    from gilscope.version import __version__

    by_state: defaultdict[str, list[StateStack]] = defaultdict(list)
    for stack in _stacks(record):
        by_state[stack.state].append(stack)
    frames: dict[str, int] = {}
    profiles = [_profile(state_title(state), stacks, frames) for state, stacks in by_state.items()]
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": f"gilscope {__version__}",
        "name": printable(record.command),
        "activeProfileIndex": 0,
        "profiles": profiles,
        "shared": {"frames": [_frame(text) for text in frames]},
    }
    return msgspec.json.encode(document).decode() + "\n"


def _frame(text: str) -> dict[str, Any]:
    function, file, line = parsed(text)
    known = {"file": file, "line": line}
    return {"name": function} | {name: value for name, value in known.items() if value is not None}


def _profile(name: str, stacks: Sequence[StateStack], frames: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "sampled",
        "name": name,
        "unit": "seconds",
        "startValue": 0,
        "endValue": sum(stack.seconds for stack in stacks),
        "samples": [[frames.setdefault(text, len(frames)) for text in stack.frames] for stack in stacks],
        "weights": [stack.seconds for stack in stacks],
    }
