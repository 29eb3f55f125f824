"""Collapsed stacks: ``frame;frame;frame count`` lines, as Brendan Gregg's flamegraph.pl, inferno and speedscope read
them (https://github.com/brendangregg/FlameGraph)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gilscope.report.stacks import sampled, with_stacks
from gilscope.units import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import ResultRecord

__all__ = ["render"]

#: What separates frames, and what ends a line, cannot stand in a name.
_SEPARATORS: Final = str.maketrans(";\n\t", ":  ")


def render(results: Sequence[ResultRecord]) -> str:
    """A line for each stack, outermost frame first; of several results, each begins with its target.

    :raises OutputError: when no result holds stacks
    """
    told = [((result.target.spec,) if len(results) > 1 else (), result) for result in with_stacks(results)]
    stacks = [((*root, *stack.frames), stack.samples) for root, result in told for stack in sampled(result)]
    return "".join(f"{_joined(frames)} {samples}\n" for frames, samples in stacks)


def _joined(frames: tuple[str, ...]) -> str:
    return ";".join(frame.translate(_SEPARATORS).strip() or UNKNOWN for frame in frames) or UNKNOWN
