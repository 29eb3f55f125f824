"""Libraries with threads of their own that this process has loaded."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

from gilscope.records import NativePool

__all__ = ["native_pools"]

#: What threadpoolctl calls a library, and the environment variable that limits its threads, by their documentation.
VARIABLES = {
    "openblas": "OPENBLAS_NUM_THREADS",
    "mkl": "MKL_NUM_THREADS",
    "blis": "BLIS_NUM_THREADS",
    "openmp": "OMP_NUM_THREADS",
}
#: Libraries that threadpoolctl does not know: the variable, and what tells their threads without starting any. DuckDB
#: has no variable (``SET threads``), and asking it would open a database.
OTHERS: dict[str, tuple[str | None, Callable[[Any], int] | None]] = {
    "duckdb": (None, None),
    "polars": ("POLARS_MAX_THREADS", lambda polars: polars.thread_pool_size()),
    "pyarrow": ("OMP_NUM_THREADS", lambda pyarrow: pyarrow.cpu_count()),
    "torch": ("OMP_NUM_THREADS", lambda torch: torch.get_num_threads()),
}


def native_pools() -> tuple[NativePool, ...]:
    """Of what is loaded by now; nothing is imported for it."""
    return (*_known_to_threadpoolctl(), *_others())


def _known_to_threadpoolctl() -> tuple[NativePool, ...]:
    """BLAS and OpenMP libraries, found among the process's shared objects."""
    import threadpoolctl  # type: ignore[import-untyped]  # only here: one trial asks, once

    with warnings.catch_warnings(action="ignore"):  # two OpenMP libraries at a time: not this process's to mend
        found = threadpoolctl.threadpool_info()
    named = [(pool["internal_api"], pool.get("num_threads")) for pool in found]
    return tuple(NativePool(library=name, threads=count, variable=VARIABLES.get(name)) for name, count in named)


def _others() -> tuple[NativePool, ...]:
    loaded = [(name, sys.modules[name], *OTHERS[name]) for name in OTHERS if sys.modules.get(name) is not None]
    return tuple(
        NativePool(library=name, threads=_asked(count, module), variable=variable)
        for name, module, variable, count in loaded
    )


def _asked(count: Callable[[Any], int] | None, module: Any) -> int | None:
    try:
        return None if count is None else int(count(module))
    except Exception:  # another version of the library, or a module of the user's that has its name: unknown
        return None
