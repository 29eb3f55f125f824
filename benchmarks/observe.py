"""What `gilscope.observe()` costs a service: ``python -m benchmarks.observe [PAIRS]``.

First a service as most are, by itself: twenty threads in a pool that have all answered something and are parked most
of the time. The observer's CPU is told while nothing is asked of it, under a steady load, and with all threads at work;
and how long its first request takes where ``GILSCOPE_OBSERVE=1`` asks for an observer.

Then what it slows down: four threads answer a fixed number of requests again and again, now observed, now not, in pairs
of random order; the ratio of the two wall clocks is taken pair by pair. What is published for the observer to read is
part of the cost; the observer starts before the clock does, and its CPU has its own figure.
"""

from __future__ import annotations

import hashlib
import os
import platform
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from benchmarks.observer import interval
from gilscope import classify, observe
from gilscope.observers.proc import process_cpu_s
from gilscope.production import forks

PARKED = 20
PERIOD_S = 10.0
#: Requests per second of the steady load; one takes 6 ms or so, half of that on a CPU.
LOAD_HZ = 60.0
FIRSTS = 10
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


# ---- a service with parked threads ----


def parked_pool() -> ThreadPoolExecutor:
    """A pool whose threads have all answered a request, and wait for the next."""
    pool, together = ThreadPoolExecutor(PARKED), threading.Barrier(PARKED)

    def first() -> None:
        together.wait()
        mixed()

    for done in [pool.submit(first) for _ in range(PARKED)]:
        done.result()
    return pool


def nothing(_pool: ThreadPoolExecutor, until: float) -> None:
    """No requests."""
    time.sleep(until - time.perf_counter())


def steady(pool: ThreadPoolExecutor, until: float) -> None:
    """Requests at random moments, whether earlier ones were answered or not."""
    while (left := until - time.perf_counter()) > 0:
        time.sleep(min(random.expovariate(LOAD_HZ), left))
        pool.submit(mixed)


def all_at_work(pool: ThreadPoolExecutor, until: float) -> None:
    """As many requests at a time as there are threads."""

    def work() -> None:
        while time.perf_counter() < until:
            mixed()

    for done in [pool.submit(work) for _ in range(PARKED)]:
        done.result()


LOADS: dict[str, Callable[[ThreadPoolExecutor, float], None]] = {
    "idle": nothing,
    f"{LOAD_HZ:g} requests/s": steady,
    f"{PARKED} at a time": all_at_work,
}


def observers_cpu(load: Callable[[ThreadPoolExecutor, float], None]) -> float:
    """Of a warm observer, as a share of one CPU."""
    with observe() as observation, parked_pool() as pool:
        assert observation.observer_pid is not None, observation.reason
        load(pool, time.perf_counter() + 1.0)
        before, began = process_cpu_s(observation.observer_pid), time.perf_counter()
        load(pool, began + PERIOD_S)
        return (process_cpu_s(observation.observer_pid) - before) / (time.perf_counter() - began)


#: A request of some 34 ms, the first of its program.
FIRST = """
import time
from gilscope import classify
@classify
def request():
    end = time.thread_time() + 0.017
    while time.thread_time() < end:
        pass
    time.sleep(0.017)
began = time.perf_counter()
request()
print(time.perf_counter() - began)
"""


def first_request_s(observed: bool) -> float:
    """Of a fresh process."""
    environment = os.environ | {"GILSCOPE_OBSERVE": str(int(observed))}
    done = subprocess.run([sys.executable, "-c", FIRST], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def parked_service() -> None:
    print(
        f"### CPython {platform.python_version()}, {PARKED} threads in a pool, {PERIOD_S:g} s each, load average ",
        end="",
    )
    print(f"{os.getloadavg()[0]:.1f} before\n")
    print("| requests | observer's CPU |\n| --- | --- |")
    for name, load in LOADS.items():
        print(f"| {name} | {100 * observers_cpu(load):.2f} % |", flush=True)
    firsts = [(first_request_s(False), first_request_s(True)) for _ in range(FIRSTS)]
    without, observed = (1e3 * statistics.median(times) for times in zip(*firsts, strict=True))
    print(f"\nThe first request of a process: {observed:.1f} ms with `GILSCOPE_OBSERVE=1`, {without:.1f} ms without.\n")


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    parked_service()
    print(f"### CPython {platform.python_version()}, {THREADS} threads, {pairs} pairs of {ROUND_S:g} s\n")
    print("| requests | slowdown: median | 95 % interval | observer's CPU |")
    print("| --- | --- | --- | --- |")
    for name, request in REQUESTS.items():
        found, cpu = ratios(request, pairs)
        middle, low, high = (100 * (value - 1) for value in interval(found))
        print(f"| {name} | {middle:+.1f} % | {low:+.1f} to {high:+.1f} % | {100 * cpu:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
