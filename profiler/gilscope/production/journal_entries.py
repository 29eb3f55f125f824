"""What is in a journal: entries one after the other, each of them a head of four words and a body.

Pure: bytes to entries and back to figures. `gilscope.production.journal` writes them, into memory that outlives its
process.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from gilscope.production.cell import ADDED, LARGEST, Sums
from gilscope.production.profile import Profile, recounted
from gilscope.production.sketch import BUCKETS

__all__ = ["FIGURES", "HEAD", "TIMED", "Entry", "Heading", "Journaled", "Tag", "entries", "journaled", "padded"]

#: Tag, bytes of the body, and two words of the entry's own. The tag is written last: what has none was never finished.
HEAD: Final = struct.Struct("QQQQ")
#: What changes with every call that is timed, beside the durations.
TIMED: Final = ("calls", "nested", "timed_calls", "timed_wall_ns", "longest_ns")
#: Each a double, in this order: whole numbers below 2**53 are exact in it, and no sum is too large for it.
FIGURES: Final = (*TIMED, *(name for name in (*ADDED, *LARGEST) if name not in TIMED), "runqueue_known")


class Tag:
    """What an entry is."""

    HEADING: Final = 0x676C_6A31
    """Of the process, the first one. Words: nanoseconds since 1970 of the last sign of life, and whether a function has
    no entry. Body: a `Heading` as JSON."""
    FUNCTION: Final = 2
    """Words: calls that were let pass, and whether a cell of it has no entry. Body: its `Profile` as JSON, without a
    figure."""
    CELL: Final = 3
    """Words: the number of its function, from 0, and none. Body: `FIGURES` and the durations."""
    FILLING: Final = 4
    """What is left of a piece of the file."""


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes the journal, and what a cell's figures are called."""

    host: str
    pid: int
    born: str | None
    """What tells the process from an earlier one of its id (`gilscope.production.liveness`)."""
    python: str
    started: float
    figures: tuple[str, ...] = FIGURES
    buckets: int = BUCKETS


@dataclass(frozen=True)
class Entry:
    """One entry."""

    tag: int
    words: tuple[int, int]
    body: memoryview


@dataclass(frozen=True)
class Journaled:
    """What a journal tells."""

    heading: Heading
    alive_at: float
    """When the process last said that it lives, in seconds since 1970."""
    profiles: tuple[Profile, ...]
    """Of each function that all is told of, since the process began to count."""
    complete: bool
    """Whether all is told of every function."""


def padded(text: bytes) -> bytes:
    """As long as a body may be, which is a multiple of a head: JSON minds no blanks."""
    return text + b" " * (-len(text) % HEAD.size)


def entries(data: bytes) -> Iterator[Entry]:
    """Those that were finished."""
    whole, at = memoryview(data), 0
    while at + HEAD.size <= len(whole):
        tag, length, first, second = HEAD.unpack_from(whole, at)
        at += HEAD.size
        if not tag or at + length > len(whole):
            return
        yield Entry(tag, (first, second), whole[at : at + length])
        at += length


def journaled(data: bytes) -> Journaled | None:
    """What the bytes of a journal tell; None where its heading was never finished.

    :raises ValueError: when it is damaged, or another thing than a journal
    """
    found = list(entries(data))
    if not found:
        return None
    if found[0].tag != Tag.HEADING:
        raise ValueError("it does not begin as a journal does")
    heading = msgspec.json.decode(found[0].body, type=Heading)
    functions = [entry for entry in found if entry.tag == Tag.FUNCTION]
    sums = [_passed(entry) for entry in functions]
    for entry in found:
        if entry.tag == Tag.CELL:
            sums[entry.words[0]].add(_sums(heading, entry))
    profiles = [
        recounted(msgspec.json.decode(entry.body, type=Profile), of)
        for entry, of in zip(functions, sums, strict=True)
        if not entry.words[1]
    ]
    complete = not found[0].words[1] and len(profiles) == len(functions)
    return Journaled(heading, found[0].words[0] / 1e9, tuple(each for each in profiles if each.calls), complete)


def _passed(function: Entry) -> Sums:
    sums = Sums()
    sums.calls = function.words[0]
    return sums


def _sums(heading: Heading, cell: Entry) -> Sums:
    sums = Sums()
    values = cell.body[: 8 * len(heading.figures)].cast("d")
    for name, value in zip(heading.figures, values, strict=True):
        if hasattr(sums, name):  # another version's may have others
            setattr(sums, name, _whole(value))
    sums.runqueue_known = bool(sums.runqueue_known)
    counts = cell.body[8 * len(heading.figures) :][: 8 * heading.buckets].tobytes()
    sums.durations = array("Q", counts)
    return sums


def _whole(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("a figure in it is none that anybody counted")
    return int(value) if value.is_integer() else value
