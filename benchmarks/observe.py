"""What `gilscope.observe()` costs a service: ``python -m benchmarks.observe [PAIRS]``.

Four threads answer a fixed number of requests again and again, now observed, now not, in pairs of random order; the
ratio of the two wall clocks is taken pair by pair. What is published for the observer to read is part of the cost; the
observer starts before the clock does, and its CPU has its own figure.
"""

from __future__ import annotations

import hashlib
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from benchmarks.observer import interval
from gilscope import classify, observe
from gilscope.observers.proc import process_cpu_s
from gilscope.production import forks

THREADS = 4
ROUND_S = 1.0
BLOCK = b"x" * (1 << 20)


@classify
def look_up() -> None:
    """Waits, as for a database."""
    time.sleep(0.002)


@classify
def compute() -> int:
    """Python, 1 ms or so."""
    return sum(number * number for number in range(20_000))


@classify
def digest() -> bytes:
    """Native code that lets go of the GIL."""
    return hashlib.sha256(BLOCK).digest()


@classify
def short(number: int) -> int:
    """A few microseconds."""
    return sum(range(number % 100))


@classify
def mixed() -> None:
    """A request that does all of it."""
    look_up()
    compute()
    digest()


@classify
def shorts() -> None:
    """A request of many short calls."""
    for number in range(200):
        short(number)


REQUESTS: dict[str, Callable[[], object]] = {
    "mixed": mixed,
    "Python": compute,
    "waiting": look_up,
    "short calls": shorts,
}


def unpublished() -> None:
    """As before any observation: what a first one changes for good is part of its cost."""
    forks.forget()


def answered(request: Callable[[], object], requests: int) -> float:
    """Wall clock of so many requests, by all threads together."""
    with ThreadPoolExecutor(THREADS) as pool:
        began = time.perf_counter()
        list(pool.map(lambda _: request(), range(requests)))
        return time.perf_counter() - began


def observed(request: Callable[[], object], requests: int) -> tuple[float, float]:
    """The same while it is observed, and the observer's CPU."""
    with observe() as observation:
        assert observation.observer_pid is not None, observation.reason
        before = process_cpu_s(observation.observer_pid)
        wall_s = answered(request, requests)
        return wall_s, process_cpu_s(observation.observer_pid) - before


def ratios(request: Callable[[], object], pairs: int) -> tuple[list[float], float]:
    """Wall clock of the observed round over that of the other, pair by pair; the observer's CPU, as a share of one."""
    answered(request, 200)
    requests = max(THREADS, round(200 * ROUND_S / answered(request, 200)))
    found, observer = [], []
    for _ in range(pairs):
        walls = {}
        for watched in random.sample([True, False], 2):
            unpublished()
            walls[watched], observer_s = observed(request, requests) if watched else (answered(request, requests), 0.0)
            observer.append(observer_s / walls[watched])
        found.append(walls[True] / walls[False])
    return found, 2 * statistics.mean(observer)


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print(f"### CPython {platform.python_version()}, {THREADS} threads, {pairs} pairs of {ROUND_S:g} s\n")
    print("| requests | slowdown: median | 95 % interval | observer's CPU |")
    print("| --- | --- | --- | --- |")
    for name, request in REQUESTS.items():
        found, cpu = ratios(request, pairs)
        middle, low, high = (100 * (value - 1) for value in interval(found))
        print(f"| {name} | {middle:+.1f} % | {low:+.1f} to {high:+.1f} % | {100 * cpu:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
