"""Task queues under gilscope beside plain programs: ``python -m benchmarks.queues [ENGINE...]``.

The plain programs (`benchmarks.regret.engines`) use each engine as its pages say, with the settings it comes with. Both
sides are open at once, each with workers and a broker of its own, and take turns in random order with the same calls, a
call a task. gilscope's throughput is what its trials report: of rounds in which nobody watches.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from benchmarks.regret.cells import QUEUES, Cell, Executor
from benchmarks.regret.harness import Lane
from benchmarks.regret.results import machine
from benchmarks.regret.workload import Workload
from benchmarks.tasks import CALL_S, NUMBERS
from gilscope.backends.base import Configuration
from gilscope.decide.stats import Estimate, median_interval, ratio_interval
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.watching import Watching
from gilscope.observers.gil import Gil
from gilscope.targets import TargetSpec

#: Each function, and how long it takes by itself.
TASKS = {"nothing": 0.0, "sleep": CALL_S, "compute": CALL_S}
WORKERS = (1, 2)
ROUNDS, ROUND_S = 7, 0.4
TIMEOUT_S = 60.0
#: What the ratio may be off by.
MARGIN = 0.10


@dataclass
class Sides:
    """Calls per second of each round."""

    gilscope: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> Estimate:
        """gilscope's throughput over the plain program's."""
        return ratio_interval(self.gilscope, self.plain)


def measured(engine: Executor, workers: int, task: str, order: random.Random) -> Sides:
    """Both sides, in turn."""
    found = Sides()
    target = TargetSpec(spec=f"benchmarks.tasks:{task}", inputs="NUMBERS")
    with starting(Configuration(engine, workers), target) as trial, _lane(engine, workers, task) as lane:
        ready(trial, order)
        lane.ready()
        lane.calibrate(ROUND_S)
        calls = lane.passes * len(NUMBERS)

        def of_gilscope() -> None:
            done = trial.run_round(calls, 1, time.monotonic() + TIMEOUT_S, observed=False).done
            found.gilscope.append(done.calls / done.wall_s)

        def of_plain() -> None:
            found.plain.append(lane.run().per_s)

        turns: list[Callable[[], None]] = [of_gilscope, of_plain]
        of_gilscope()  # the plain side has warmed up by now
        found.gilscope.clear()
        for _ in range(ROUNDS):
            for turn in order.sample(turns, len(turns)):
                turn()
    return found


@contextmanager
def starting(configuration: Configuration, target: TargetSpec) -> Iterator[LiveTrial]:
    """A trial of gilscope's, importing its target."""
    trial = LiveTrial(configuration)
    trial.inputs_used = 1 if target.inputs is None else len(NUMBERS)
    trial.start()
    try:
        trial.begin_loading(target, 0)
        yield trial
    finally:
        trial.end(grace_s=TIMEOUT_S)


def ready(trial: LiveTrial, order: random.Random) -> None:
    """Wait until its workers are there."""
    deadline = time.monotonic() + TIMEOUT_S
    trial.process.hear(m.Hello, deadline, "starting")
    trial.end_loading(deadline)
    trial.open(Watching(Gil(), 0.0, order, source="none"), deadline)


@contextmanager
def _lane(engine: Executor, workers: int, task: str) -> Iterator[Lane]:
    """The plain program, starting."""
    lane = Lane(Workload(task, "benchmarks.tasks", "NUMBERS", (), "", ""), Cell(engine, workers))
    try:
        yield lane
    finally:
        lane.close()


def overhead_ms(per_s: float, workers: int, task: str) -> float:
    """Milliseconds of a worker for each task, beside the call."""
    return 1e3 * (workers / per_s - TASKS[task])


def row(engine: str, workers: int, task: str, found: Sides) -> str:
    """A line of the table."""
    sides = [median_interval(rates) for rates in (found.gilscope, found.plain)]
    rates = " | ".join(f"{side.value:,.1f} ({side.low:,.1f} to {side.high:,.1f})" for side in sides)
    costs = " | ".join(f"{overhead_ms(side.value, workers, task):.2f}" for side in sides)
    ratio = found.ratio
    told = f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    return f"| {engine} × {workers} | {task} | {rates} | {told} | {costs} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queues")
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=f"of {', '.join(QUEUES)}")
    options = parser.parse_args()
    unknown = set(options.engines) - set(QUEUES)
    if unknown:
        parser.error(f"no such engine: {', '.join(sorted(unknown))}; there are {', '.join(QUEUES)}")
    table([name for name in QUEUES if name in (options.engines or QUEUES)])


def table(engines: Sequence[Executor]) -> None:
    """Measure, and print each line as it comes."""
    order = random.Random(0)
    print(f"### {machine()}, {ROUNDS} rounds of {ROUND_S:g} s a side\n")
    print("| engine | task | gilscope: tasks/s | plain | ratio | gilscope: ms a task beside the call | plain |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    ratios = []
    for engine in engines:
        for task in TASKS:
            for workers in WORKERS:
                found = measured(engine, workers, task, order)
                ratios.append(found.ratio.value)
                print(row(engine, workers, task, found), flush=True)
    within = sum(abs(ratio - 1) <= MARGIN for ratio in ratios)
    print(f"\nWithin {MARGIN:.0%}: {within} of {len(ratios)}; the median ratio: {median(ratios):.2f}.")


if __name__ == "__main__":
    main()
