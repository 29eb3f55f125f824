"""How many native threads a library may start in each worker, so that all together are as many as there are CPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from gilscope.decide.code.target import CodeTarget
    from gilscope.records import NativePool

__all__ = ["NativeLimits", "native_limits"]

#: What threadpoolctl can limit after it is imported; other libraries read a variable when they are.
CONTROLLED: Final = frozenset({"blas", "blis", "flexiblas", "mkl", "openblas", "openmp"})
#: What BLAS libraries and OpenMP read when they are imported.
COMMON_VARIABLE: Final = "OMP_NUM_THREADS"


class NativeLimits(NamedTuple):
    """What workers do about native threads."""

    threads: int = 1
    """For each worker."""
    variables: tuple[str, ...] = ()
    """What a worker sets, and then limits by threadpoolctl."""
    early: tuple[NativePool, ...] = ()
    """What a worker process limits before it imports the library."""


def native_limits(target: CodeTarget, workers: int, *, processes: bool, native: bool) -> NativeLimits:
    """For so many workers, threads or processes. (The threads of one process share one pool of each library.)

    :param native: whether the function computes in native threads, by whatever library
    """
    pools = [pool for pool in target.native_pools if pool.threads != 1]
    controlled = [pool for pool in pools if pool.library in CONTROLLED]
    variables = {pool.variable or COMMON_VARIABLE for pool in controlled}
    if native and not pools:
        variables = {COMMON_VARIABLE}
    if workers < 2:
        return NativeLimits()
    early = tuple(pool for pool in pools if pool not in controlled) if processes else ()
    return NativeLimits(max(1, int((target.cpus or 0) // workers)), tuple(sorted(variables)), early)
