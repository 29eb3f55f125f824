"""NumPy, pandas and DuckDB."""

from __future__ import annotations

import threading
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from benchmarks.regret.workload import workload

Array = np.ndarray[Any, np.dtype[np.float64]]
_numbers = np.random.default_rng(1)

LARGE = [_numbers.random(200_000) for _ in range(4)]


@workload(inputs="LARGE", expect="compute-bound/native", kind="GIL-free CPU", why="ufuncs over 1.6 MB let the GIL go")
def ufunc_large(values: Array) -> float:
    return float(np.sqrt(np.sin(values) ** 2).sum())


SQUARES = [_numbers.random((500, 500)) for _ in range(4)]


@workload(
    inputs="SQUARES",
    expect="compute-bound/own-threads",
    kind="native threads",
    why="BLAS uses every CPU for one call: more workers can only crowd them",
)
def matmul(values: Array) -> float:
    return float((values @ values)[0, 0])


_FRAME = pd.DataFrame(
    {"key": _numbers.integers(0, 300, 60_000), "value": _numbers.random(60_000), "word": ["even", "odd"] * 30_000}
)
FRAMES = [_FRAME.sample(frac=1.0, random_state=n) for n in range(4)]


@workload(
    inputs="FRAMES",
    expect="compute-bound",
    kind="GIL-free CPU",
    why="some parts hold the GIL and some do not; a frame of 1.5 MB to pickle",
)
def pandas_groupby(frame: pd.DataFrame) -> float:
    return float(frame.groupby("key")["value"].mean().max())


ROWS = [_FRAME.head(600).copy() for _ in range(8)]


@workload(inputs="ROWS", expect="compute-bound/python", kind="Python CPU", why="a Python function for each row")
def pandas_apply(frame: pd.DataFrame) -> float:
    return float(frame.apply(lambda row: row["key"] * row["value"], axis=1).sum())


LIMITS = [0.1 * n for n in range(1, 9)]
_local = threading.local()
_database = duckdb.connect()
_lock = threading.Lock()
_filled: list[bool] = []


@workload(
    inputs="LIMITS",
    expect="compute-bound/own-threads",
    kind="native threads",
    why="DuckDB computes in threads of its own and waits for them",
)
def duckdb_aggregate(limit: float) -> object:
    query = "SELECT key, sum(value * value), avg(sqrt(value)) FROM numbers WHERE value > ? GROUP BY key"
    return len(_cursor().execute(query, [limit]).fetchall())


def _cursor() -> duckdb.DuckDBPyConnection:
    """The calling thread's own, over the process's own table."""
    with _lock:
        if not _filled:
            _database.execute("CREATE TABLE numbers AS SELECT i % 50 AS key, i / 1e6 AS value FROM range(1000000) t(i)")
            _filled.append(True)
    if not hasattr(_local, "cursor"):
        _local.cursor = _database.cursor()
    cursor: duckdb.DuckDBPyConnection = _local.cursor
    return cursor
