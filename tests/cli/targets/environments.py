"""What differs between two environments of one interpreter, and what does not."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

NUMBERS = [100_000, 105_000, 110_000]


def total(count: int) -> int:
    return sum(number * number for number in range(count))


def where(count: int) -> tuple[str, int]:
    """Another result in each environment."""
    time.sleep(count / 1e7)
    return sys.prefix, count


def prefixes() -> Iterator[str]:
    """Other inputs in each environment."""
    yield from (f"{sys.prefix}{number}" for number in range(3))


def length(text: str) -> int:
    return len(text)
