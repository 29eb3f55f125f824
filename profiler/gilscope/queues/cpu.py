"""CPU time of processes, read from outside."""

from __future__ import annotations

from collections.abc import Iterable

import psutil

__all__ = ["cpu_s"]


def cpu_s(pids: Iterable[int]) -> float | None:
    """Seconds so far, of all together; None when one of them is gone, and where none is known."""
    try:
        times = [psutil.Process(pid).cpu_times() for pid in pids]
    except psutil.Error:
        return None
    return sum(time.user + time.system for time in times) if times else None
