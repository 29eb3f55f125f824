"""The model of task queues against the real ones: ``python -m benchmarks.fleet [ENGINE...]``.

Each engine runs three functions with 1, 2, 4 and 8 workers on this machine. What the engine costs is taken from its
trial with one worker; the model is then asked for all four, with everything on the CPUs of this machine.
"""

from __future__ import annotations

import importlib
import os
import random
import sys
import time
from collections.abc import Callable, Iterator

import gilscope
from benchmarks.queues import TIMEOUT_S, ready, starting
from benchmarks.regret.results import machine
from gilscope.backends.base import Configuration
from gilscope.decide.stats import Estimate, median_interval
from gilscope.queues.capacity.costs import costs_of
from gilscope.queues.capacity.model import Fleet
from gilscope.targets import TargetSpec

ENGINES = ("rq-simple", "celery", "dask")
WORKERS = (1, 2, 4, 8)
BUDGET_S = 15.0
ROUNDS, ROUND_S = 5, 1.5
#: Tasks for each worker in a round, at least.
LEAST_EACH = 20
#: What the model may be off by.
MARGIN = 0.15


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


def rows(engine_name: str, function: Callable[[], None], order: random.Random) -> Iterator[tuple[int, Estimate, float]]:
    """Numbers of workers, each with the calls per second that were measured, and those that the model expects."""
    result = gilscope.analyze(
        getattr(importlib.import_module("benchmarks.fleet"), function.__name__),  # which workers can import
        backends=(engine_name,),
        workers=(1,),
        chunksize=1,
        budget_s=BUDGET_S,
        hot_lines=False,
    )
    demands = result.demands
    costs = costs_of(engine_name, result.trials, demands) if demands else None
    if demands is None or costs is None:
        raise SystemExit(f"{engine_name} was not measured: {[trial.reason for trial in result.trials]}")
    for workers in WORKERS:
        cpus = len(os.sched_getaffinity(0))
        expected = together_per_s(costs.fleet(demands, machines=1, workers_each=workers, cpus_each=cpus, batch=1))
        yield workers, measured(Configuration(engine_name, workers), function, expected, order), expected


def together_per_s(fleet: Fleet) -> float:
    """What a machine does on whose CPUs the caller and the broker run too."""
    return min(fleet.outcome().tasks_per_s, fleet.cpus_each / (fleet.cpu_s + fleet.caller_s + fleet.broker_s))


def measured(
    configuration: Configuration, function: Callable[[], None], expected: float, order: random.Random
) -> Estimate:
    """Calls per second of a backlog that is so long that filling the workers and draining them hardly counts."""
    calls = max(round(ROUND_S * expected), LEAST_EACH * configuration.workers)
    with starting(configuration, TargetSpec(spec=f"benchmarks.fleet:{function.__name__}")) as trial:
        ready(trial, order)
        made = [trial.run_round(calls, 1, time.monotonic() + TIMEOUT_S, observed=False).done for _ in range(1 + ROUNDS)]
    return median_interval([done.calls / done.wall_s for done in made[1:]])


def main(names: list[str]) -> None:
    """Print the table."""
    order = random.Random(0)
    print(f"### {machine()}, {ROUNDS} rounds of {ROUND_S:g} s\n")
    print("| engine | function | workers | measured | interval | expected | difference |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    off = []
    for name in names or ENGINES:
        for function in FUNCTIONS:
            for workers, found, expected in rows(name, function, order):
                off.append(expected / found.value - 1)
                print(
                    f"| {name} | {function.__name__} | {workers} | {found.value:,.1f}/s "
                    f"| {found.low:,.1f} to {found.high:,.1f} | {expected:,.1f}/s | {off[-1]:+.0%} |",
                    flush=True,
                )
    within = sum(abs(each) <= MARGIN for each in off)
    print(f"\nWithin {MARGIN:.0%}: {within} of {len(off)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
