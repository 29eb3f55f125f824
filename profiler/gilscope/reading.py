"""Files that anybody may have written: read only so far, and their figures looked at before they are reckoned with."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, Final

from gilscope.units import given_size

__all__ = ["MOST", "MOST_BYTES", "is_measurable", "read_bytes"]

#: A file of results with every timeline has some megabytes.
MOST_BYTES: Final = 256 << 20
#: No figure is larger: from here on floats do not tell whole numbers apart, and products of some of them overflow.
MOST: Final = 2**53


def read_bytes(path: str | Path) -> bytes:
    """The whole of a file: a pipe and a terminal may be read, one that nobody writes to is empty.

    :raises OSError: when it cannot be read, or is larger than `MOST_BYTES`, as a device that never ends is
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # opening a pipe would wait
    with open(descriptor, "rb") as file:
        os.set_blocking(descriptor, True)
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {given_size(MOST_BYTES)}, which no result is")
    return data


def is_measurable(value: Any) -> bool:
    """Whether each figure in decoded JSON, wherever it is, is one that somebody can have measured."""
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, int | float) and not -MOST <= part <= MOST:
            return False
        if isinstance(part, dict):
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
    return True
