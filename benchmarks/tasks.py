"""What task queues are timed with: functions of one argument, in a module that imports next to nothing."""

from __future__ import annotations

import time

NUMBERS = range(10)
CALL_S = 0.02


def nothing(_number: int) -> None:
    """What is left is the queue."""


def sleep(_number: int) -> None:
    """20 ms of waiting."""
    time.sleep(CALL_S)


def compute(_number: int) -> None:
    """20 ms of Python, by the thread's own clock."""
    end = time.thread_time() + CALL_S
    while time.thread_time() < end:
        pass
