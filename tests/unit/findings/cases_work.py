"""Cases of the rules about the inputs and results, the libraries, the machine, and the instrument."""

from __future__ import annotations

from msgspec.structs import replace

from gilscope.records import (
    BreakEven,
    ColdCost,
    Failure,
    ImportCost,
    InputGroup,
    NativePool,
    QueueFigures,
    Repeats,
    Target,
    Trial,
)

from .. import decide_builders as make
from .quiet import QUIET, WAITING, Case, advised, environment, instrument, pool, with_trials

THREADED = replace(QUIET, demands=make.demands(gil=0.1, lock=0.3, own_threads_cpu_s=0.9))
TINY = replace(
    QUIET,
    classification=make.label("overhead-bound"),
    demands=make.demands(gil=5e-6),
    trials=(make.trial("serial", (2e5,)),),
    recommendation=advised("serial", 1),
    dispatch_s={"thread": 2e-5, "process": 2e-4},
)
STARTING = replace(
    QUIET, imports=(ImportCost(module="pandas.core", seconds=1.5), ImportCost(module="re", seconds=0.001))
)
READING = replace(QUIET, demands=make.demands(gil=0.01))
GROUPS = (
    InputGroup(name="small", inputs=12, example=0, call_s=0.0012, cpu_share=0.98, label="compute-bound"),
    InputGroup(name="large", inputs=3, example=7, call_s=0.12, cpu_share=0.05, label="io-bound"),
)


def forked(threads: int) -> Trial:
    return pool("process", 2, 20, held=1.0, gil=1.0, start_method="fork", threads_before_fork=threads)


def refused(reason: str, backend: str = "process") -> Trial:
    return make.trial(backend, status="refused", reason=reason)


#: As told on CPython 3.14 with NumPy 2.5.
NUMPY_REFUSES = (
    "the module numpy._core._multiarray_umath cannot be imported in an interpreter of its own (ImportError: module "
    "numpy._core._multiarray_umath does not support loading in subinterpreters)"
)


def lost(workers: int) -> QueueFigures:
    return QueueFigures(workers_lost=workers, tasks_again=3 * workers)


CASES = {
    "exceptions": Case(
        replace(QUIET, failure=Failure(type="KeyError", message="'a'", traceback="", count=3, calls=12)),
        ("3 of 12 calls raised; the first: KeyError: 'a'",),
        replace(QUIET, failure=Failure(type="KeyError", message="'a'", traceback="", count=0, calls=12)),
    ),
    "results-differ": Case(
        with_trials(WAITING, pool("thread", 8, 80, network=1.0, results_compared=300, results_differing=41)),
        ("thread × 8: 41 of 300",),
        with_trials(WAITING, pool("thread", 8, 80, network=1.0, results_compared=300, results_differing=0)),
        advice=("not thread-safe",),
    ),
    "not-picklable": Case(
        with_trials(QUIET, refused("a result cannot be pickled: cannot pickle 'generator' object")),
        ("cannot pickle 'generator' object",),
        with_trials(QUIET, refused("this platform has no start method 'fork'")),
        advice=("make a list of a generator",),
    ),
    "defined-in-session": Case(
        replace(with_trials(QUIET, pool("process", 2, 20, held=1.0, gil=1.0)), target=Target(spec="__main__:load")),
        ("load is defined in a notebook", "for process × 2 it was sent by value"),
        replace(with_trials(QUIET, refused("this platform cannot")), target=Target(spec="__main__:load")),
        advice=("into a module",),
    ),
    "nested-pools": Case(
        replace(
            QUIET,
            demands=make.demands(gil=0.01, child=0.4, children_cpu_s=1.2),
            trials=(
                pool("serial", 1, 2, child=1.0, children_started=4),
                pool("process", 2, 3, child=1.0, speedup=1.5),
            ),
        ),
        ("alone a call had 4 of them, which used 1.20 s of CPU", "process × 2 so runs up to 8, on 4 CPUs"),
        # A pipeline of two programs that only wait.
        replace(
            QUIET,
            demands=make.demands(gil=0.01, child=0.4, children_cpu_s=0.003),
            trials=(pool("serial", 1, 2, child=1.0, children_started=2),),
        ),
    ),
    "fork-with-threads": Case(
        with_trials(QUIET, forked(5)),
        ("process × 2, fork: 5 beside the one that forked",),
        with_trials(QUIET, forked(0)),
        advice=("get_context('forkserver')",),
    ),
    "refuses-interpreters": Case(
        with_trials(QUIET, refused(NUMPY_REFUSES, "interpreter")),
        ("the module numpy._core._multiarray_umath cannot be imported",),
        with_trials(QUIET, refused("the function cannot be imported by its name", "interpreter")),
        advice=("a newer version of numpy",),
    ),
    "memory-limit": Case(
        with_trials(
            replace(QUIET, environment=environment(memory_limit_bytes=2 * 10**9)),
            pool("process", 2, 20, held=1.0, gil=1.0, memory_per_worker_bytes=9 * 10**8),
        ),
        ("process × 2: 858 MiB a worker, 1.68 GiB together, of 1.86 GiB",),
        with_trials(
            replace(QUIET, environment=environment(memory_limit_bytes=2 * 10**9)),
            pool("process", 2, 20, held=1.0, gil=1.0, memory_per_worker_bytes=7 * 10**8),
        ),
        advice=("At most 1 workers fit",),
    ),
    "own-threads": Case(
        replace(
            THREADED,
            native_pools=(
                NativePool(library="openblas", threads=4, variable="OPENBLAS_NUM_THREADS"),
                NativePool(library="duckdb", threads=4),
            ),
        ),
        ("they use 900 ms of CPU a call, the calling thread 100 ms", "openblas (4 threads), duckdb (4 threads)"),
        replace(QUIET, demands=make.demands(gil=0.1, own_threads_cpu_s=0.005)),
        advice=("OPENBLAS_NUM_THREADS=2", "threadpool_limits(2)", 'duckdb.connect(config={"threads": 2})'),
    ),
    "pickling-cost": Case(
        with_trials(QUIET, pool("process", 2, 9, held=1.0, gil=1.0, pickle_s=0.05, pickle_bytes=8_000_000)),
        ("7.63 MiB and 50.0 ms of pickling for a call of 100 ms", "at most 40.0/s"),
        # Big, but nothing beside the work.
        with_trials(QUIET, pool("process", 2, 20, held=1.0, gil=1.0, pickle_s=0.009, pickle_bytes=8_000_000)),
    ),
    "startup-dominates": Case(
        with_trials(
            replace(STARTING, target=Target(spec="m:f", input_count=6)),
            pool("process", 2, 20, held=1.0, gil=1.0, speedup=2.0, startup_s=0.9),
        ),
        ("process × 2 takes 900 ms to start; 18 calls repay it, there were 6; imports: pandas.core 1.50 s",),
        with_trials(STARTING, pool("process", 2, 20, held=1.0, gil=1.0, speedup=2.0, startup_s=0.9)),
        advice=("set_forkserver_preload(['pandas'])",),
    ),
    "task-too-small": Case(
        replace(TINY, break_even=(BreakEven(backend="thread", workers=2, call_s=4e-5),)),
        (
            "a call takes 5.00 µs; handing one over: process 200 µs, thread 20.0 µs",
            "from 40.0 µs a call on, thread × 2 would",
        ),
        # Chunks gain a little: that is no finding.
        with_trials(
            QUIET,
            pool("process", 2, 20, held=1.0, gil=1.0, chunksize=8, chunksize_one_per_s=17.0, speedup=2.0),
        ),
        advice=("chunksize=1000",),
    ),
    "cached": Case(
        replace(QUIET, repeats=Repeats(inputs=3, first_s=0.007, again_s=1e-6)),
        ("the first call with an input took 7.00 ms, the same again 1.00 µs (of 3 inputs",),
        # A first call that is dear for a worker, and not for each input, is no cache.
        with_trials(
            QUIET,
            pool("process", 2, 20, held=1.0, gil=1.0, cold=ColdCost(workers=2, first_s=1.4, warm_s=0.1), speedup=2.0),
        ),
        advice=("each of the 300 inputs",),
    ),
    "calls-differ": Case(
        replace(QUIET, groups=GROUPS),
        (
            "small: 12 inputs of 1.20 ms, 98% computing, compute-bound (such as number 0)",
            "large: 3 inputs of 120 ms, 5% computing, io-bound (such as number 7)",
        ),
        replace(QUIET, groups=GROUPS[:1]),
    ),
    "page-cache": Case(
        with_trials(READING, pool("process", 2, 20, held=1.0, gil=0.1, read_bytes=8_000_000, storage_read_bytes=0)),
        ("a call reads 7.63 MiB, of which 0 bytes came from the device",),
        # Half a megabyte a call of 10 ms: not the reading is what takes the time.
        with_trials(READING, pool("process", 2, 20, held=1.0, gil=0.1, read_bytes=500_000, storage_read_bytes=0)),
    ),
    "busy-machine": Case(
        with_trials(QUIET, pool("process", 2, 20, held=1.0, gil=0.5, runqueue=0.5)),
        ("process × 2: no more workers than the 4 usable CPUs, and yet they waited 50% of their time for one",),
        # Eight workers on four CPUs wait by their own number.
        with_trials(QUIET, pool("process", 8, 20, held=1.0, gil=0.5, runqueue=0.5)),
        advice=("when the machine is quiet",),
    ),
    "workers-lost": Case(
        with_trials(QUIET, pool("rq-simple", 2, 20, held=1.0, gil=1.0, queue=lost(1))),
        ("rq-simple × 2: 1 lost, 3 tasks done again",),
        with_trials(QUIET, pool("rq-simple", 2, 20, held=1.0, gil=1.0, queue=lost(0))),
        advice=("measure again",),
    ),
    "cpus-limited": Case(
        replace(QUIET, environment=environment(cpus_usable=0.5, cpus_reason="cgroup quota of 0.5 CPUs")),
        ("cgroup quota of 0.5 CPUs",),
        QUIET,
    ),
    "inputs-truncated": Case(
        replace(QUIET, target=Target(spec="m:f", inputs="m:ALL", input_count=1000, inputs_truncated=True)),
        ("m:ALL had more than the 1000 taken",),
        replace(QUIET, target=Target(spec="m:f", inputs="m:ALL", input_count=1000)),
    ),
    "generator-drained": Case(
        replace(QUIET, target=Target(spec="m:f", kind="generator", input_count=300)),
        ("until the last item",),
        replace(QUIET, target=Target(spec="m:f", kind="coroutine", input_count=300)),
    ),
    "much-output": Case(replace(QUIET, output_bytes=10**9), ("954 MiB in all",), replace(QUIET, output_bytes=10**5)),
    "observer-slowdown": Case(
        replace(QUIET, instrument=instrument(observer_slowdown=1.2)),
        ("20% slower",),
        replace(QUIET, instrument=instrument(observer_slowdown=1.04)),
    ),
    "instrument-fallback": Case(
        replace(QUIET, instrument=instrument(reason="/proc is not readable")),
        ("ledger from psutil, GIL from none: /proc is not readable",),
        replace(QUIET, instrument=instrument()),
    ),
}
FALSE_ALARMS = {
    "a call that is one program": (
        "nested-pools",
        replace(
            QUIET,
            demands=make.demands(gil=0.01, child=0.4, children_cpu_s=0.4),
            trials=(pool("serial", 1, 2, child=1.0, children_started=1),),
        ),
    ),
    "files that came from the disk": (
        "page-cache",
        with_trials(READING, pool("process", 2, 20, held=1.0, gil=0.1, read_bytes=8 * 10**6, storage_read_bytes=10**6)),
    ),
    "what a program printed": (
        "page-cache",
        with_trials(
            replace(READING, demands=make.demands(gil=0.001, child=0.009)),
            pool("process", 2, 20, held=1.0, gil=0.1, read_bytes=8 * 10**6, storage_read_bytes=0),
        ),
    ),
    "a pool that was not recommended": (
        "startup-dominates",
        with_trials(
            replace(WAITING, target=Target(spec="m:f", input_count=6)),
            pool("thread", 8, 80, network=1.0),
            pool("process", 2, 20, network=1.0, startup_s=3.0, speedup=2.0),
        ),
    ),
    "threads share what one process holds": (
        "memory-limit",
        with_trials(
            replace(WAITING, environment=environment(memory_limit_bytes=10**9)),
            pool("thread", 8, 80, network=1.0, memory_per_worker_bytes=9 * 10**8),
        ),
    ),
}
