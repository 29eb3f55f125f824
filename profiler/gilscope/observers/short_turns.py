"""Short turns on a CPU, in exchange for getting them soon.

Where every CPU is busy, a thread that wakes waits for the turn of another to end: some milliseconds, for which a
sampler misses its moments, and these are moments at which threads compute. Since Linux 6.12 a thread may ask for turns
that are shorter than others' (``sched_runtime`` of sched_setattr(2) for ``SCHED_OTHER``); it takes no more of the CPU
for it, but is given it earlier. Where the kernel does not know that, nothing changes. Only for threads that
watch: what a service may ask of the kernel for its own is the service's.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

__all__ = ["TURN_NS", "short_turns"]

#: The shortest that the kernel grants. A moment takes some of these.
TURN_NS: Final = 100_000
#: Of sched_setattr(2).
_CALLS: Final = {"x86_64": 314, "aarch64": 274}
#: size, policy, flags, nice, priority, runtime, deadline, period.
_ATTRIBUTES: Final = struct.Struct("=IIQiIQQQ")


@contextmanager
def short_turns() -> Iterator[None]:
    """The calling thread's, until the end of the statements of ``with``, and those of what it starts meanwhile."""
    call = _CALLS.get(platform.machine()) if sys.platform == "linux" and sys.maxsize > 2**32 else None
    asks = call is not None and _takes_ordinary_turns()
    if asks:
        _ask(call, TURN_NS)
    try:
        yield
    finally:
        if asks:
            _ask(call, 0)  # as others have them


def _takes_ordinary_turns() -> bool:
    with suppress(OSError):  # musl knows no such call
        return os.sched_getscheduler(0) == os.SCHED_OTHER
    return False


def _ask(call: int | None, turn_ns: int) -> None:
    """A kernel that refuses leaves it as it was."""
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, nice, 0, turn_ns, 0, 0)
    ctypes.CDLL(None).syscall(call, 0, attributes, 0)
