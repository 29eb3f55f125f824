"""How a journal is laid out: entries one after the other, each of them a head of four words and a body.

Pure, and of the standard library alone: interpreters beside the main one write journals too, and what reads profiles
(msgspec) cannot be imported there.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gilscope.production.cell import ADDED, LARGEST, Sums
from gilscope.production.sketch import BUCKETS

__all__ = [
    "ADDRESS",
    "CELL_BYTES",
    "FIGURES",
    "HEAD",
    "TIMED",
    "Entry",
    "Tag",
    "end_of",
    "entries",
    "padded",
    "sums_of",
]

#: Tag, bytes of the body, and two words of the entry's own. The tag is written last: what has none was never finished.
HEAD: Final = struct.Struct("QQQQ")
#: What changes with every call that is timed, beside the durations.
TIMED: Final = ("calls", "nested", "timed_calls", "timed_wall_ns", "longest_ns")
#: Each a double, in this order: whole numbers below 2**53 are exact in it, and no sum is too large for it.
FIGURES: Final = (*TIMED, *(name for name in (*ADDED, *LARGEST) if name not in TIMED), "runqueue_known")
CELL_BYTES: Final = -(-8 * (len(FIGURES) + BUCKETS) // HEAD.size) * HEAD.size
#: The fields of a `gilscope.thread_address.ThreadAddress`, in its order, and nothing.
ADDRESS: Final = struct.Struct("QQQQQQ16x")


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
    THREAD: Final = 5
    """Of a journal of interpreters. Words: whether such a thread is there, and none. Body: its `ADDRESS`, which an
    observer looks at; the byte of a function's number there, from 1, is that of its entry here."""


@dataclass(frozen=True)
class Entry:
    """One entry."""

    tag: int
    words: tuple[int, int]
    body: memoryview


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


def end_of(data: bytes) -> int:
    """Where the next entry may begin."""
    return sum(HEAD.size + len(entry.body) for entry in entries(data))


def sums_of(cell: Entry, figures: Sequence[str] = FIGURES, buckets: int = BUCKETS) -> Sums:
    """What the entry of a cell tells.

    :param figures: as they are called there
    :raises ValueError: when it is damaged
    """
    sums = Sums()
    values = cell.body[: 8 * len(figures)].cast("d")
    for name, value in zip(figures, values, strict=True):
        if hasattr(sums, name):  # another version's may have others
            setattr(sums, name, _whole(value))
    sums.runqueue_known = bool(sums.runqueue_known)
    sums.durations = array("Q", cell.body[8 * len(figures) :][: 8 * buckets].tobytes())
    return sums


def _whole(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("a figure in it is none that anybody counted")
    return int(value) if value.is_integer() else value
