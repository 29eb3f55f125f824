"""Other processes, looked at by tests."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil

__all__ = ["left_of", "lives"]


def lives(process: psutil.Process) -> bool:
    """Whether it runs: a dead one may wait long for whoever has to bury it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def left_of(processes: Iterable[psutil.Process], within_s: float) -> list[psutil.Process]:
    """Those that still live after ``within_s``; at once when none does.

    ``psutil.wait_procs`` waits for the burial too, which an orphan that comes to this process never gets.
    """
    limit = time.monotonic() + within_s
    left = [each for each in processes if lives(each)]
    while left and time.monotonic() < limit:
        time.sleep(0.005)
        left = [each for each in left if lives(each)]
    return left
