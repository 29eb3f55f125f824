"""A program's stacks for viewers of others: collapsed, and in speedscope's format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from gilscope.errors import OutputError
from gilscope.records.programs import ProgramRecord, StateStack
from gilscope.report.clean import printable
from gilscope.report.programs.names import state_title
from gilscope.report.speedscope import file, profile

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
    by_state: defaultdict[str, list[tuple[tuple[str, ...], float]]] = defaultdict(list)
    for stack in _stacks(record):
        by_state[stack.state].append((stack.frames, stack.seconds))
    frames: dict[str, int] = {}
    profiles = [profile(state_title(state), "seconds", weighted, frames) for state, weighted in by_state.items()]
    return file(printable(record.command), profiles, frames)
