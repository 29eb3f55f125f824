"""Calls about as short as handing them over."""

from __future__ import annotations

import hashlib

import numpy as np

from benchmarks.regret.workload import workload

NUMBERS = list(range(64))


@workload(inputs="NUMBERS", expect="overhead-bound", kind="tiny", why="nothing is cheaper than to call it")
def add_one(number: int) -> int:
    return number + 1


SMALL = [bytes([n]) * 1000 for n in range(64)]


@workload(
    inputs="SMALL", expect="overhead-bound", kind="tiny", why="below 2 kB hashlib keeps the GIL, and is done at once"
)
def sha256_small(block: bytes) -> str:
    return hashlib.sha256(block).hexdigest()


VECTORS = [np.arange(100.0) + n for n in range(64)]


@workload(
    inputs="VECTORS", expect="overhead-bound", kind="tiny", why="a ufunc below the size at which NumPy lets the GIL go"
)
def ufunc_small(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.sqrt(values)[0])


@workload(
    inputs="NUMBERS",
    expect="overhead-bound | compute-bound/python",
    kind="boundary",
    why="about what it costs to hand it to a thread; processes win with large chunks",
)
def about_a_dispatch(number: int) -> int:
    return sum(i * number for i in range(600))


@workload(
    inputs="NUMBERS",
    expect="compute-bound/python",
    kind="boundary",
    why="about what it costs to hand it to a process: processes win with chunks only",
)
def about_a_process_dispatch(number: int) -> int:
    return sum(i * number for i in range(5_000))
