"""The simulated task queues against the real ones: ``python -m benchmarks.fleet [ENGINE...]``.

Each engine runs three functions with 1, 2, 4 and 8 workers on this machine. What the engine costs is taken from its
trial with one worker; the simulation is then asked for all four, with everything on the CPUs of this machine.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator

import gilscope
from benchmarks.regret.results import machine
from gilscope.decide.fleet.engine import engine_of, factors_of
from gilscope.decide.fleet.simulate import simulate
from gilscope.records import Trial

ENGINES = ("rq-simple", "celery", "dask")
WORKERS = (1, 2, 4, 8)
BUDGET_S = 40.0


def compute_for(seconds: float) -> None:
    """In Python, for so much CPU."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def wait() -> None:
    """50 ms of waiting."""
    time.sleep(0.05)


def compute() -> None:
    """20 ms of Python."""
    compute_for(0.02)


def both() -> None:
    """10 ms of Python and 30 of waiting."""
    compute_for(0.01)
    time.sleep(0.03)


FUNCTIONS: tuple[Callable[[], None], ...] = (wait, compute, both)


def rows(engine_name: str, function: Callable[[], None]) -> Iterator[tuple[Trial, float]]:
    """Each trial that was measured, and what the simulation expects of it in calls per second."""
    result = gilscope.analyze(
        getattr(importlib.import_module("benchmarks.fleet"), function.__name__),  # which workers can import
        backends=(engine_name,),
        workers=WORKERS,
        chunksize=1,
        budget_s=BUDGET_S,
        hot=False,
    )
    demands = result.demands
    engine = engine_of(engine_name, result.trials, demands) if demands else None
    solo = next((trial.latencies for trial in result.trials if trial.backend == "serial"), None)
    for trial in result.trials:
        if demands is None or engine is None or trial.backend != engine_name or trial.throughput_per_s is None:
            continue
        fleet = engine.fleet(
            demands,
            machines=1,
            workers_each=trial.workers,
            cpus_each=len(os.sched_getaffinity(0)),
            batch=1,
            together=True,
            factors=factors_of(solo),
        )
        yield trial, simulate(fleet).tasks_per_s


def main(names: list[str]) -> None:
    """Print the table."""
    print(f"### {machine()}\n")
    print("| engine | function | workers | measured | interval | simulated | difference |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    off = []
    for name in names or ENGINES:
        for function in FUNCTIONS:
            for trial, expected in rows(name, function):
                measured = trial.throughput_per_s or 0.0
                off.append(expected / measured - 1)
                span = f"{trial.throughput_low or 0.0:,.1f} to {trial.throughput_high or 0.0:,.1f}"
                print(
                    f"| {name} | {function.__name__} | {trial.workers} | {measured:,.1f}/s | {span} "
                    f"| {expected:,.1f}/s | {off[-1]:+.0%} |",
                    flush=True,
                )
    within = sum(abs(each) <= 0.15 for each in off)
    print(f"\nWithin 15 %: {within} of {len(off)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
