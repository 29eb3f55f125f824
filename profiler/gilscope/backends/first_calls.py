"""What a worker's first call did beside its work: imports, connections, CPU time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter, thread_time

from gilscope.backends.imports import timed_imports

__all__ = ["FirstCall", "first_call"]


@dataclass
class FirstCall:
    """Of one worker."""

    seconds: float = 0.0
    cpu_s: float | None = None
    """In its own thread; None where other calls ran there meanwhile."""
    imports: dict[str, float] = field(default_factory=dict)
    """Seconds by top-level package, as `timed_imports` tells them."""
    connections: int | None = None
    """Sockets that it opened and kept; None where that cannot be seen."""


_counting = threading.Lock()
_counted: set[str] = set()
"""Sockets that were told of already: first calls of several threads of a process overlap."""


@contextmanager
def first_call() -> Iterator[FirstCall]:
    """Within, this thread makes its first call; afterwards it is known what that did."""
    told, before = FirstCall(), _sockets()
    began, cpu_began = perf_counter(), thread_time()
    with timed_imports() as told.imports:
        yield told
    told.seconds, told.cpu_s = perf_counter() - began, thread_time() - cpu_began
    told.connections = _opened_since(before)


def _opened_since(before: set[str] | None) -> int | None:
    with _counting:
        after = _sockets()
        if before is None or after is None:
            return None
        opened = after - before - _counted
        _counted.update(opened)
        return len(opened)


def _sockets() -> set[str] | None:
    """The sockets that this process has open, by the kernel's names for them; None where it does not tell."""
    try:
        numbers = os.listdir("/proc/self/fd")
    except OSError:
        return None
    return {name for number in numbers if (name := _name(number)).startswith("socket:")}


def _name(number: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except OSError:  # closed meanwhile
        return ""
