"""Where a pool of interpreters beats a pool of processes, and where not: ``python -m benchmarks.interpreters
[WORKERS]``, under 3.14 or later; some four minutes.

Prints Markdown tables: start-up and memory of the pools, what handing over one call takes for arguments of several
kinds and sizes, and the throughput of calls that compute.
"""

from __future__ import annotations

import platform
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.payloads import NAMES, compute
from gilscope.backends.base import Configuration
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.watching import Watching
from gilscope.observers.gil import Gil
from gilscope.records import StartMethod
from gilscope.targets import TargetSpec
from gilscope.units import byte_size, duration

POOLS: tuple[tuple[str, StartMethod | None], ...] = (
    ("interpreter", None),
    ("process", "spawn"),
    ("process", "forkserver"),
    ("process", "fork"),
)
STARTS, ROUNDS, ROUND_S, LIMIT_S = 5, 5, 0.3, 120.0

SIZES = (100, 1_000, 10_000, 100_000)


@contextmanager
def opened(backend: str, method: StartMethod | None, workers: int, function: str, inputs: str) -> Iterator[LiveTrial]:
    trial, limit = LiveTrial(Configuration(backend, workers, 1, method)), time.monotonic() + LIMIT_S
    trial.start()
    try:
        trial.process.hear(m.Hello, limit, "starting")
        spec = TargetSpec(spec=f"benchmarks.payloads:{function}", inputs=f"benchmarks.payloads:{inputs}")
        loaded = trial.load(spec, 0, limit)
        trial.open(Watching(Gil(), 400.0, random.Random(1), "psutil"), limit)
        trial.inputs_used = max(1, loaded.input_count)
        yield trial
    finally:
        trial.end()


def rate(trial: LiveTrial, workers: int) -> float:
    """Calls per second, the median over the rounds."""
    limit = time.monotonic() + LIMIT_S
    calls, rates = 4 * workers, list[float]()
    for number in range(ROUNDS + 2):
        done = trial.run_round(calls, 1, limit, observed=False).done
        per_s = calls / done.wall_s
        calls = max(workers, round(ROUND_S * per_s / workers) * workers)
        rates += [per_s] if number > 1 else []
    return statistics.median(rates)


def starts(workers: int) -> None:
    print(f"\n| pool of {workers} | start-up (median of {STARTS}) | memory for each worker |\n| --- | --- | --- |")
    for backend, method in POOLS:
        startups, sizes = list[float](), list[int]()
        for _ in range(STARTS):
            with opened(backend, method, workers, "compute", "steps_1000") as trial:
                trial.run_round(workers, 1, time.monotonic() + LIMIT_S, observed=False)
                trial.weigh()
                known = trial.account.known
                startups.append(known.startup_s or 0.0)
                sizes.append(known.memory_per_worker_bytes or 0)
        print(f"| {_name(method)} | {duration(statistics.median(startups))} | {_size(sizes)} |", flush=True)


def hand_overs(workers: int) -> None:
    print("\n| one call, with an argument that is | interpreters | processes |\n| --- | --- | --- |")
    for number, name in enumerate(NAMES):
        taken = []
        for backend, method in POOLS[:2]:
            with opened(backend, method, workers, "take", f"payload_{number}") as trial:
                taken.append(1 / rate(trial, workers))
        print(f"| {name} | {duration(taken[0])} | {duration(taken[1])} |", flush=True)


def throughputs(workers: int) -> None:
    print("\n| a call that computes for | interpreters ÷ processes |\n| --- | --- |")
    for size in SIZES:
        began = time.perf_counter()
        compute(size)
        alone_s, rates = time.perf_counter() - began, []
        for backend, method in POOLS[:2]:
            with opened(backend, method, workers, "compute", f"steps_{size}") as trial:
                rates.append(rate(trial, workers))
        print(f"| about {duration(alone_s)} | {rates[0] / rates[1]:.2f} |", flush=True)


def _name(method: StartMethod | None) -> str:
    return "interpreters" if method is None else f"processes, {method}"


def _size(sizes: list[int]) -> str:
    return byte_size(statistics.median(sizes))


def main() -> None:
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    print(f"### {platform.python_implementation()} {platform.python_version()}, {workers} workers")
    starts(workers)
    hand_overs(workers)
    throughputs(workers)


if __name__ == "__main__":
    main()
