"""Memory for what threads publish, where an observer finds that of many threads side by side.

It is a ``bytearray``: calls write to nothing faster. The places of threads that have ended are given to others.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

__all__ = ["Place", "Rows"]


class Place(NamedTuple):
    """What is one thread's of a row."""

    row: bytearray
    begin: int
    """The first of its bytes there."""
    address: int
    """The same in the process's memory."""


class Rows:
    """Places of ``size`` bytes, in rows of ``row_bytes`` that begin at a multiple of that in memory."""

    def __init__(self, size: int, row_bytes: int) -> None:
        self._size = size
        self._row_bytes = row_bytes
        self._free: list[Place] = []  # taken from and added to in one step each: a thread may end at any time

    def take(self) -> Place:
        """A place that is nobody's: all zero."""
        try:
            return self._free.pop()
        except IndexError:
            first, *others = self._new_row()
            self._free += reversed(others)
            return first

    def give_back(self, place: Place) -> None:
        """It is nobody's any more."""
        place.row[place.begin : place.begin + self._size] = bytes(self._size)
        self._free.append(place)

    def _new_row(self) -> list[Place]:
        row = bytearray(2 * self._row_bytes)  # of which a half that begins where it should is used
        start = ctypes.addressof(ctypes.c_char.from_buffer(row))
        first = -start % self._row_bytes
        begins = range(first, first + self._row_bytes, self._size)
        return [Place(row, begin, start + begin) for begin in begins]
