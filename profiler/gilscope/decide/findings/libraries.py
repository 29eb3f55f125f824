"""Threads and processes that the function, or a library of it, starts by itself."""

from __future__ import annotations

import math

from gilscope.decide.findings.evidence import Evidence, with_most
from gilscope.records import Figures, NativePool, Trial
from gilscope.units import counted

__all__ = ["fork_with_threads", "nested_pools", "own_threads", "refuses_interpreters"]

#: Libraries whose threads threadpoolctl can limit while the program runs.
CONTROLLED = frozenset({"blis", "flexiblas", "mkl", "openblas", "openmp"})
#: What a pool of interpreters says that found such a module.
ALONE = "cannot be imported in an interpreter of its own"
#: A call that runs this many processes at a time runs a pool; one is a program it calls.
POOL_PROCESSES = 2


def own_threads(evidence: Evidence) -> Figures | None:
    """BLAS, OpenMP, DuckDB, Polars: workers multiply their threads."""
    demands, pools = evidence.demands, evidence.native_pools
    if demands is None or demands.own_threads_cpu_s is None or not evidence.is_notable(demands.own_threads_cpu_s):
        return None
    workers = _several(evidence.chosen)
    threads = max(1, int(evidence.environment.cpus_usable / (workers or math.inf)))
    libraries = {pool.library.lower() for pool in pools}
    variables = {pool.variable for pool in pools if pool.variable} if pools else {"OMP_NUM_THREADS"}
    return {
        "own_threads_cpu_s": demands.own_threads_cpu_s,
        "cpu_s": demands.cpu_s,
        "workers": workers,
        "threads": threads,
        "pools": ", ".join(_told(pool) for pool in pools),
        "libraries": ", ".join(sorted(libraries)),
        "controlled": ", ".join(sorted(libraries & CONTROLLED)),
        "variables": " ".join(f"{name}={threads}" for name in sorted(variables)),
    }


def _several(trial: Trial | None) -> int | None:
    """Its workers, where it has several."""
    return trial.workers if trial is not None and trial.workers > 1 else None


def _told(pool: NativePool) -> str:
    return pool.library if pool.threads is None else f"{pool.library} ({counted(pool.threads, 'thread')})"


def nested_pools(evidence: Evidence) -> Figures | None:
    """Processes that start processes: forbidden to daemonic workers, too many elsewhere."""
    failure = evidence.failure
    if failure is not None and "daemonic processes" in failure.message:
        told = f"{failure.type}: {failure.message}"
        return {"daemonic": told, "raised": failure.count, "calls": failure.calls}
    alone, demands, trial = next(iter(evidence.measured("serial")), None), evidence.demands, evidence.chosen
    started = (alone.children_started if alone is not None else None) or 0
    if started < POOL_PROCESSES or demands is None or not evidence.is_notable(demands.children_cpu_s):
        return None
    workers = _several(trial)
    return {
        "daemonic": None,
        "processes_per_call": started,
        "children_cpu_s": demands.children_cpu_s,
        "configuration": trial.name if trial else None,
        "processes": workers * started if workers else None,
        "cpus_usable": evidence.environment.cpus_usable,
    }


def refuses_interpreters(evidence: Evidence) -> Figures | None:
    """A module that knows of one interpreter for each process only."""
    trial = next((t for t in evidence.trials if t.status == "refused" and ALONE in (t.reason or "")), None)
    if trial is None or trial.reason is None:
        return None
    module = trial.reason.partition(" cannot be imported")[0].removeprefix("the module ")
    return {"package": module.partition(".")[0], "module": module, "reason": trial.reason}


def fork_with_threads(evidence: Evidence) -> Figures | None:
    """A fork copies one thread, and the locks that the others hold at that moment."""
    forked = [t for t in evidence.trials if t.backend == "process" and t.start_method == "fork"]
    trial = with_most(forked, lambda t: t.threads_before_fork or 0, least=1)
    if trial is None:
        return None
    return {
        "configuration": trial.name,
        "threads": trial.threads_before_fork,
        "libraries": ", ".join(sorted({pool.library for pool in evidence.native_pools})),
    }
