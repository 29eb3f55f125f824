"""Pickling the arguments of a call while the call waits: bounded in bytes and in time."""

from __future__ import annotations

import pickle
import sys
from time import perf_counter_ns

from gilscope.units import given_duration, given_size, thousands

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["MOST_BYTES", "MOST_NS", "TooMuchError", "pickled", "reason"]

#: Of the arguments of one call.
MOST_BYTES = 16 << 20
MOST_NS = 50_000_000
#: Every Python that is read here knows it.
PROTOCOL = 5
#: Levels of nesting for which the smallest usual stack is enough; from 3.12 on the interpreter sees to that itself.
DEEPEST = 10_000
MOST_CHARACTERS = 200


class TooMuchError(Exception):
    """The arguments are too large, or take too long to pickle."""


class _Bounded:
    """A file for a pickler, which hands over some 64 KiB at a time."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._bytes = 0
        self._until_ns = perf_counter_ns() + MOST_NS

    def write(self, part: Any) -> int:
        size = len(part) if isinstance(part, bytes) else memoryview(part).nbytes
        self._bytes += size
        if self._bytes > MOST_BYTES:
            raise TooMuchError(f"more than {given_size(MOST_BYTES)}")
        if perf_counter_ns() > self._until_ns:
            raise TooMuchError(f"it takes more than {given_duration(MOST_NS / 1e9)} to pickle")
        self.parts.append(bytes(part))
        return size


def pickled(value: Any) -> bytes:
    """``value``, pickled.

    :raises TooMuchError: when that would take too much
    :raises Exception: whatever pickling it raises
    """
    if sys.version_info < (3, 12) and sys.getrecursionlimit() > DEEPEST:
        raise TooMuchError(
            f"the recursion limit is {thousands(sys.getrecursionlimit())}: nesting would be followed too deep"
        )
    file = _Bounded()
    pickle.Pickler(file, PROTOCOL).dump(value)
    return b"".join(file.parts)


def reason(arguments: Mapping[str, Any], error: BaseException) -> str:
    """Why a call could not be pickled, with the argument that is in the way, and its type."""
    for name, value in arguments.items():
        try:
            pickled(value)
        except Exception as found:  # whatever the user's own methods raise
            kind = type(value)
            home = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
            return _short(f"{name} is a {home}{kind.__qualname__}: {_told(found)}")
    return _short(_told(error))


def _told(error: BaseException) -> str:
    try:
        text = str(error) or type(error).__name__
    except Exception:  # its own __str__
        return type(error).__name__
    before, at, after = text.partition(" at 0x")  # objects that differ by nothing else are one reason
    return before + after.lstrip("0123456789abcdef") if at else text


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
