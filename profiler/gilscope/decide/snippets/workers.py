"""Workers: how a pool of them is opened, how each begins, and how many threads of its own a library may start there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.snippets.layout import Block, Call

if TYPE_CHECKING:
    from gilscope.decide.snippets.facts import CodeFacts, Setup
    from gilscope.decide.snippets.layout import Statement
    from gilscope.decide.snippets.program import Program
    from gilscope.records import NativePool

__all__ = ["limits", "opening", "with_hooks"]

_POOLS = {"thread": "ThreadPoolExecutor", "process": "ProcessPoolExecutor"}
#: What threadpoolctl can limit after it is imported; other libraries read a variable when they are.
CONTROLLED = frozenset({"blas", "blis", "flexiblas", "mkl", "openblas", "openmp"})
#: What BLAS libraries and OpenMP read when they are imported.
COMMON_VARIABLE = "OMP_NUM_THREADS"


def opening(program: Program, setup: Setup, way: str, *, own_threads: bool) -> tuple[list[str], Call]:
    """The statements before a pool is made, and the call that makes it."""
    program.tool("concurrent.futures", _POOLS[way])
    arguments, before = [f"max_workers={setup.workers}"], []
    if way == "process":
        program.module("multiprocessing")
        program.apart = True
        before = [f'context = multiprocessing.get_context("{setup.start_method or "spawn"}")']
        arguments.append("mp_context=context")
    steps = limits(program, setup.workers, processes=way == "process", own_threads=own_threads)
    steps += _hooks(program) if way == "process" else []
    if steps:
        program.define("def start_worker():", *steps)
        arguments.append("initializer=start_worker")
    return before, Call(f"{_POOLS[way]}(", tuple(arguments), ")")


def limits(program: Program, workers: int, *, processes: bool, own_threads: bool) -> list[str]:
    """What each worker does first, so that libraries start no more threads in all workers than there are CPUs."""
    pools = [pool for pool in program.facts.native_pools if pool.threads != 1]
    if processes:
        _limit_early(program, workers, pools)
    return _limiting(program, workers, pools, own_threads=own_threads)


def with_hooks(program: Program, *body: Statement) -> tuple[Statement, ...]:
    """A function's body between the user's set-up and tear-down, where both belong to this process."""
    facts = program.facts
    before = (f"{program.place(facts.setup)}()",) if facts.setup is not None else ()
    if facts.teardown is None:
        return (*before, *body)
    return (*before, Block("try:", body), Block("finally:", (f"{program.place(facts.teardown)}()",)))


def _hooks(program: Program) -> list[str]:
    """The user's set-up and tear-down in a worker process."""
    facts = program.facts
    steps = [f"{program.place(facts.setup)}()"] if facts.setup is not None else []
    if facts.teardown is not None:
        finalize = program.tool("multiprocessing.util", "Finalize")
        steps.append(f"{finalize}(None, {program.place(facts.teardown)}, exitpriority=0)")
    return steps


def _limiting(program: Program, workers: int, pools: list[NativePool], *, own_threads: bool) -> list[str]:
    """What each worker does so that BLAS and OpenMP start no more threads in all workers than there are CPUs."""
    controlled = [pool for pool in pools if pool.library in CONTROLLED]
    unnamed = own_threads and not pools
    if workers < 2 or not (controlled or unnamed):
        return []
    program.module("os")
    program.tool("threadpoolctl", "threadpool_limits")
    threads = _share(program.facts, workers)
    variables = sorted({pool.variable or COMMON_VARIABLE for pool in controlled} or {COMMON_VARIABLE})
    return [
        "# For libraries imported from here on, and for those imported before.",
        *(f'os.environ["{variable}"] = "{threads}"' for variable in variables),
        f"threadpool_limits(limits={threads})",
    ]


def _limit_early(program: Program, workers: int, pools: list[NativePool]) -> None:
    """What a worker process must find done before it imports a library that reads its limit then. (The threads of one
    process share the one pool of such a library.)"""
    threads = _share(program.facts, workers)
    for pool in pools if workers > 1 else ():
        if pool.library in CONTROLLED:
            continue
        if pool.variable is None:
            told = f"# {pool.library}: allow it {threads} of its threads in each worker, by its own settings"
        else:
            program.module("os")
            told = f'os.environ["{pool.variable}"] = "{threads}"  # before {pool.library} is imported'
        program.preparations.append(told)


def _share(facts: CodeFacts, workers: int) -> int:
    """Threads for each worker."""
    return max(1, int((facts.cpus or 0) // workers))
