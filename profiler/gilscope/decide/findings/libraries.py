"""Threads and processes that the function, or a library of it, starts by itself."""

from __future__ import annotations

import math

from gilscope.decide.findings.base import Facts, Said, chosen, is_notable, solo
from gilscope.units import duration

__all__ = ["fork_with_threads", "nested_pools", "own_threads"]

#: Libraries whose threads threadpoolctl can limit while the program runs.
CONTROLLED = frozenset({"blis", "flexiblas", "mkl", "openblas", "openmp"})
#: How the others are told, in Python; ``{n}`` is the number of threads.
CALLS = {
    "duckdb": 'duckdb.connect(config={{"threads": {n}}})',
    "pyarrow": "pyarrow.set_cpu_count({n})",
    "torch": "torch.set_num_threads({n})",
}
#: A call that runs this many processes at a time runs a pool; one is a program it calls.
POOL_PROCESSES = 2


def own_threads(facts: Facts) -> Said | None:
    """BLAS, OpenMP, DuckDB, Polars: workers multiply their threads."""
    demands = facts.demands
    if demands is None or demands.own_threads_cpu_s is None or not is_notable(demands.own_threads_cpu_s, facts):
        return None
    pools = ", ".join(_told(pool.library, pool.threads) for pool in facts.native_pools)
    trial = chosen(facts)
    many = trial is not None and trial.workers > 1
    return Said(
        "warning" if many else "info",
        "The function starts threads of its own",
        f"they use {duration(demands.own_threads_cpu_s)} of CPU a call, the calling thread {duration(demands.cpu_s)}"
        + (f"; loaded: {pools}" if pools else ""),
        f"Workers multiply those threads. Either run one worker and leave the library its threads, or give each worker "
        f"{_limit(facts)} of them: {_lines(facts)}.",
    )


def _told(library: str, threads: int | None) -> str:
    return library if threads is None else f"{library} ({threads} threads)"


def _limit(facts: Facts) -> int:
    """Threads for each worker, so that together they are no more than the CPUs."""
    trial = chosen(facts)
    workers = trial.workers if trial is not None and trial.workers > 1 else math.inf
    return max(1, int(facts.environment.cpus_usable / workers))


def _lines(facts: Facts) -> str:
    """What to write, for the libraries that were found."""
    limit, libraries = _limit(facts), {pool.library.lower() for pool in facts.native_pools}
    variables = {pool.variable for pool in facts.native_pools if pool.variable}
    variables = variables if libraries else {"OMP_NUM_THREADS"}
    environment = " ".join(f"{name}={limit}" for name in sorted(variables))
    ways = [f"{environment} in the environment, before the library is imported"] if environment else []
    if libraries & CONTROLLED or not libraries:
        ways.append(
            f"in the program, threadpoolctl.threadpool_limits({limit}) around a thread pool, or initializer="
            f"threadpool_limits, initargs=({limit},) for a process pool"
        )
    ways += [CALLS[name].format(n=limit) for name in sorted(libraries & CALLS.keys())]
    return "; ".join(ways)


def nested_pools(facts: Facts) -> Said | None:
    """Processes that start processes: forbidden to daemonic workers, too many elsewhere."""
    failure, alone = facts.failure, solo(facts)
    if failure is not None and "daemonic processes" in failure.message:
        return Said(
            "error",
            "The function starts processes, which a daemonic worker must not",
            f"{failure.type}: {failure.message}, in {failure.count} of {failure.calls} calls",
            "Give the workers parts of the work instead of a pool inside each; where the outer pool is "
            "multiprocessing.Pool or Celery's, whose workers are daemonic, use ProcessPoolExecutor, or threads inside.",
        )
    started = alone.children_started if alone is not None else None
    computing_s = facts.demands.children_cpu_s if facts.demands is not None else None
    if started is None or started < POOL_PROCESSES or computing_s is None or not is_notable(computing_s, facts):
        return None
    trial = chosen(facts)
    many = trial is not None and trial.workers > 1
    total = f"; {trial.name} so runs up to {trial.workers * started}" if trial is not None and many else ""
    return Said(
        "warning" if many else "info",
        "Each call runs several processes at a time",
        f"alone a call had {started} of them, which used {duration(computing_s)} of CPU{total}, "
        f"on {facts.environment.cpus_usable:g} CPUs",
        "Parallelize in one place: either calls one after the other, each with its pool, or a pool over the calls and "
        "none inside them.",
    )


def fork_with_threads(facts: Facts) -> Said | None:
    """A fork copies one thread, and the locks that the others hold at that moment."""
    forked = [t for t in facts.trials if t.backend == "process" and t.start_method == "fork"]
    trial = max(forked, key=lambda t: t.threads_before_fork or 0, default=None)
    if trial is None or not trial.threads_before_fork:
        return None
    pools = ", ".join(sorted({pool.library for pool in facts.native_pools}))
    return Said(
        "warning",
        "The process was forked while other threads ran in it",
        f"{trial.name}: {trial.threads_before_fork} beside the one that forked"
        + (f"; loaded: {pools}" if pools else ""),
        "The copy has one thread, but every lock as it was: one that another thread held is never released, and the "
        "worker hangs, now and then. Use multiprocessing.get_context('forkserver') or 'spawn', or fork before the "
        "first thread starts.",
    )
