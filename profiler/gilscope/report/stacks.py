"""The stacks of the solo run, ready to be written for a viewer of somebody else's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from gilscope.errors import OutputError
from gilscope.report.clean import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import ResultRecord, Stack

__all__ = ["Frame", "is_gil_known", "parsed", "sampled", "with_stacks"]

_WRITTEN: Final = re.compile(r"(?P<function>.*) \((?P<file>.+):(?P<line>\d+)\)", re.DOTALL)


class Frame(NamedTuple):
    """A frame of a stack; what its text does not tell is None."""

    function: str
    file: str | None = None
    line: int | None = None


def parsed(frame: str) -> Frame:
    """The parts of ``function (file:line)``; any other text is the function's name."""
    found = _WRITTEN.fullmatch(frame)
    return Frame(found["function"], found["file"], int(found["line"])) if found else Frame(frame)


def with_stacks(results: Sequence[ResultRecord]) -> list[ResultRecord]:
    """Those of ``results`` that hold stacks, fit to be shown.

    :raises OutputError: when none does
    """
    found = [printable(result) for result in results if sampled(result)]
    if not found:
        raise OutputError(_nothing(results[0]) if results else "there is no result to export the stacks of")
    return found


def sampled(result: ResultRecord) -> tuple[Stack, ...]:
    """The stacks that were seen at all."""
    return tuple(stack for stack in result.stacks if stack.samples > 0)


def is_gil_known(result: ResultRecord) -> bool:
    """Whether it is told of every stack how often it held the GIL."""
    return all(stack.gil_samples is not None for stack in sampled(result))


def _nothing(result: ResultRecord) -> str:
    why = "an earlier gilscope saved it, or it never ran long enough to be sampled"
    if result.instrument.hot_source == "none":
        why = result.instrument.reason or "py-spy did not sample it"
    spec = printable(result.target.spec)
    return (
        f"{spec!r} has no stacks to export: {why}; analyze it again where py-spy can sample, or export another format"
    )
