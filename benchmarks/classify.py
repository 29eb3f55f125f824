"""What `@classify` costs, and how right its counts are: ``python -m benchmarks.classify [SECONDS]``.

The added cost is measured in pairs: a batch of calls of the bare function and a batch of the same function under each
contender, in random order, by the thread's CPU clock, so that what else runs on the machine is left out as far as it
can be. The figure is the median of the differences, pair by pair, with an interval of its own.
"""

from __future__ import annotations

import cProfile
import functools
import os
import platform
import random
import statistics
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from itertools import repeat
from typing import Any

from benchmarks.observer import interval
from gilscope import classify
from gilscope.production.cell import Cell

Func = Callable[[], None]
Switch = Callable[[], AbstractContextManager[object]]

#: By length: how many rounds of an empty loop make it, and calls in a batch.
LENGTHS = {"nothing": (0, 4096), "10 µs": (1_000, 1024), "100 µs": (10_000, 128), "1 ms": (100_000, 16)}


def function(rounds: int) -> Func:
    """A new function that makes no object: allocating would make its speed depend on what else is in memory."""
    made: dict[str, Any] = {"repeat": repeat}
    body = f"for _ in repeat(None, {rounds}): pass" if rounds else "pass"
    exec(f"def work():\n    {body}", made)
    bare: Func = made["work"]
    return bare


def wrapped(func: Func) -> Func:
    """A decorator that does nothing."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return wrapper


@contextmanager
def cprofile() -> Iterator[None]:
    """The profiler of the standard library, on."""
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        yield
    finally:
        profiler.disable()


@contextmanager
def yappi() -> Iterator[None]:
    """yappi with its CPU clock, on."""
    import yappi as profiler  # type: ignore[import-untyped,unused-ignore]

    profiler.start(builtins=False)
    try:
        yield
    finally:
        profiler.stop()
        profiler.clear_stats()


@contextmanager
def monitoring() -> Iterator[None]:
    """sys.monitoring with a clock read when a function begins and when it returns."""
    monitor: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    tool, events = monitor.PROFILER_ID, monitor.events
    monitor.use_tool_id(tool, "benchmark")
    began: list[int] = [0]

    def begin(*_: object) -> None:
        began[0] = time.perf_counter_ns()

    def end(*_: object) -> None:
        began[0] = time.perf_counter_ns() - began[0]

    monitor.register_callback(tool, events.PY_START, begin)
    monitor.register_callback(tool, events.PY_RETURN, end)
    monitor.set_events(tool, events.PY_START | events.PY_RETURN)
    try:
        yield
    finally:
        monitor.set_events(tool, 0)
        monitor.free_tool_id(tool)


def switches() -> dict[str, Switch]:
    """Profilers that are switched on around calls of the bare function."""
    found: dict[str, Switch] = {"cProfile": cprofile}
    if find_spec("yappi"):
        found["yappi"] = yappi
    if sys.version_info >= (3, 12):
        found["sys.monitoring"] = monitoring
    return found


def per_call_ns(func: Func, calls: int, switch: Switch) -> float:
    """CPU of one call, the mean over a batch."""
    numbers = repeat(None, calls)
    with switch():
        began = time.thread_time_ns()
        for _ in numbers:
            func()
        spent = time.thread_time_ns() - began
    return spent / calls


def added_ns(rounds: int, calls: int, seconds: float) -> tuple[float, dict[str, list[float]]]:
    """CPU of a bare call, and what each contender adds to it, pair by pair."""
    bare = function(rounds)
    contenders: dict[str, tuple[Func, Switch]] = {
        "the bare function again": (function(rounds), nullcontext),
        "functools.wraps": (wrapped(function(rounds)), nullcontext),
        "@classify": (classify(name=f"{rounds} rounds")(function(rounds)), nullcontext),
        **{name: (bare, switch) for name, switch in switches().items()},
    }
    for func, _ in contenders.values():
        per_call_ns(func, max(calls, 200), nullcontext)
    base: list[float] = []
    found: dict[str, list[float]] = {name: [] for name in contenders}
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        for name, (func, switch) in random.sample(sorted(contenders.items()), len(contenders)):
            pair = {True: (bare, nullcontext), False: (func, switch)}
            told = {
                first: per_call_ns(pair[first][0], calls, pair[first][1]) for first in random.sample([True, False], 2)
            }
            base.append(told[True])
            found[name].append(told[False] - told[True])
    return statistics.median(base), found


def cost_table(seconds: float) -> None:
    """The added cost of a call, by the function's length."""
    print("| a call takes | under | added to a call | 95 % interval | of the call | pairs |")
    print("| --- | --- | --- | --- | --- | --- |")
    for length, (rounds, calls) in LENGTHS.items():
        base, found = added_ns(rounds, calls, seconds)
        for name, differences in found.items():
            middle, low, high = interval(differences)
            share = f"{middle / base:.2%}" if rounds else ""
            print(
                f"| {length} ({base:,.0f} ns) | {name} | {middle:,.0f} ns | {low:,.0f} to {high:,.0f} ns | {share} "
                f"| {len(differences)} |"
            )


def memory_bytes() -> tuple[int, int]:
    """What a decorated function takes, and each further thread that calls it, counted by the allocator."""
    functions, threads = 50, 20
    bare = [function(0) for _ in range(functions)]
    ready, done = threading.Barrier(threads + 1), threading.Event()
    decorated = [classify(name=f"memory {i}")(func) for i, func in enumerate(bare)]

    def measured(work: Callable[[], object]) -> int:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[0] - before

    def thread() -> None:
        ready.wait()
        for func in decorated:
            func()
        ready.wait()
        done.wait()

    pool = [threading.Thread(target=thread) for _ in range(threads)]
    for member in pool:
        member.start()
    tracemalloc.start()
    extra = [function(0) for _ in range(functions)]
    kept: list[Func] = []
    each = measured(lambda: kept.extend(classify(name=f"extra {i}")(func) for i, func in enumerate(extra)))
    ready.wait()
    cells = measured(ready.wait)
    tracemalloc.stop()
    done.set()
    for member in pool:
        member.join()
    return each // functions, cells // (functions * threads)


def import_ms(statement: str, times: int = 15) -> list[float]:
    """Milliseconds from the first line of a fresh interpreter to the end of ``statement``."""
    program = f"import time; began = time.perf_counter()\n{statement}\nprint((time.perf_counter() - began) * 1e3)"
    cached = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", program]
    run = functools.partial(subprocess.run, command, capture_output=True, check=True, env=cached)
    run()  # which leaves the bytecode that an installed package has
    return [float(run().stdout) for _ in range(times)]


def lost(seconds: float) -> tuple[int, int]:
    """Calls that 8 threads made of one function, and how many of them were not counted."""
    func = classify(name="hammered")(function(0))
    end, made = time.monotonic() + seconds, []

    def hammer() -> None:
        own = 0
        while time.monotonic() < end:
            for _ in range(1000):
                func()
            own += 1000
        made.append(own)

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    known: Any = func
    return sum(made), sum(made) - known.__gilscope__.profile().calls


def sampling_error(calls: int) -> tuple[float, float]:
    """The estimated total over that of timing every call, less one, and its standard error as it is told.

    Durations are drawn rather than waited for, log-normally (σ of the logarithm 1, around 2 µs), and go the way that
    measured ones do: the clocks' own error is left out, sampling's is what remains.
    """
    known: Any = classify(name=f"drawn {random.random()}")(function(0))
    state, total = known.__gilscope__, 0
    for _ in range(calls):
        wall_ns = int(random.lognormvariate(7.6, 1.0))
        total += wall_ns
        for _ in state.sampler.passing:
            break
        else:
            cell: Cell = state.cell()
            cell.add_timed(state.sampler.choose(state.rate.block), wall_ns)
            cell.calls += 1
    seen = state.profile()
    return seen.wall_s / (total / 1e9) - 1, seen.wall_error_s / seen.wall_s


def main() -> None:
    """Print the tables."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    print(f"### CPython {platform.python_version()}, {seconds:g} s a length\n")
    cost_table(seconds)
    each, cell = memory_bytes()
    made, missing = lost(seconds)
    decorated = "from gilscope import classify\n@classify\ndef f(): pass"
    imports = statistics.median(import_ms(decorated)) - statistics.median(import_ms("def f(): pass"))
    errors = [sampling_error(1_000_000) for _ in range(10)]
    print("\n| figure | measured |\n| --- | --- |")
    print(f"| memory of a decorated function | {each:,} bytes |")
    print(f"| memory of each thread that calls it | {cell:,} bytes |")
    print(f"| `from gilscope import classify`, and decorating one function (median) | {imports:.1f} ms |")
    print(f"| 8 threads on one function for {seconds:g} s: calls, and calls not counted | {made:,}, {missing} |")
    worst = max(errors, key=lambda error: abs(error[0]))
    told = statistics.median(error[1] for error in errors)
    print(f"| estimated total against timing all of 1,000,000 calls: worst of 10 | {worst[0]:+.2%} |")
    print(f"| its standard error as it is told (median of 10) | {told:.2%} |")


if __name__ == "__main__":
    main()
