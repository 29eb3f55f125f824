"""What task queues are timed with: functions of one argument, in a module that imports next to nothing."""

from __future__ import annotations

import time

NUMBERS = range(10)
CALL_S, LONG_S = 0.02, 0.1
ARRAY = 350


def nothing(_number: int) -> None:
    """What is left is the queue."""


def sleep(_number: int) -> None:
    """20 ms of waiting."""
    time.sleep(CALL_S)


def compute(_number: int) -> None:
    """20 ms of Python, by the thread's own clock."""
    _compute(CALL_S)


def sleep_long(_number: int) -> None:
    """100 ms of waiting."""
    time.sleep(LONG_S)


def compute_long(_number: int) -> None:
    """100 ms of Python."""
    _compute(LONG_S)


def half_long(_number: int) -> None:
    """30 ms of Python, then 70 of waiting."""
    _compute(0.3 * LONG_S)
    time.sleep(0.7 * LONG_S)


def array_long(_number: int) -> None:
    """Some 100 ms of NumPy, which lets go of the GIL."""
    import numpy

    numpy.linalg.svd(numpy.random.default_rng(0).random((ARRAY, ARRAY)))


def _compute(seconds: float) -> None:
    """By the thread's own clock."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
