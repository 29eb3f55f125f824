"""Work that leaves its traces in a process, done in a copy of it."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable

from gilscope.subprocesses import pipe

__all__ = ["in_a_copy"]

#: After so long a copy is given up: a lock that another thread held when it was made is held in it for ever.
PATIENCE_S = 5.0


def in_a_copy(make: Callable[[], bytes]) -> bytes | None:
    """What ``make`` gives in a copy of this process, whose memory is its own and which ends with it. None where that is
    not Linux, or no copy is to be had, or it came to nothing."""
    if sys.platform != "linux":
        return None
    reads, writes = pipe()
    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of threads: hence PATIENCE_S
            copy = os.fork()
    except OSError:
        os.close(reads)
        os.close(writes)
        return None
    if copy == 0:
        _tell(make, writes)
    os.close(writes)
    try:
        return _heard(reads) or None
    finally:
        os.close(reads)
        os.kill(copy, signal.SIGKILL)
        os.waitpid(copy, 0)


def _tell(make: Callable[[], bytes], writes: int) -> None:
    """And end, without a trace of the process that this is a copy of."""
    try:
        told = make()
        while told:
            told = told[os.write(writes, told) :]
    finally:
        os._exit(0)


def _heard(reads: int) -> bytes:
    """All of it, or nothing where it is not over in time."""
    until, told = time.monotonic() + PATIENCE_S, b""
    while select.select([reads], [], [], max(0.0, until - time.monotonic()))[0]:
        part = os.read(reads, 1 << 16)
        if not part:
            return told
        told += part
    return b""
