"""gilscope's advice about task queues against an exhaustive search: ``python -m benchmarks.regret.queued [ENGINE...]``.

gilscope is asked about one engine at a time. What it says is compared with the best of all numbers of workers under
plain programs (`benchmarks.regret.engines`), or without a queue at all, a call a task.
"""

from __future__ import annotations

import random
import sys
from statistics import geometric_mean

from benchmarks.regret.advice import ask
from benchmarks.regret.cells import QUEUES, Executor, queue_grid, unique
from benchmarks.regret.figures import best_cell, throughput
from benchmarks.regret.harness import measure
from benchmarks.regret.results import machine
from benchmarks.regret.workload import Workload

FUNCTIONS = ("sleep_long", "compute_long", "half_long", "array_long")
#: A queue takes some seconds to start.
BUDGET = "30s"
ROUNDS = 5


def row(engine: Executor, name: str, order: random.Random) -> tuple[str, float]:
    """A line of the table, and the regret: the throughput of what was said over the best."""
    workload = Workload(name, "benchmarks.tasks", "NUMBERS", (), "", "")
    advice = ask(workload, "--backends", engine, "--budget", BUDGET)
    measured = measure(workload, unique([*queue_grid(engine), advice.cell]), ROUNDS, order)
    best = best_cell(measured)
    most, got = throughput(measured, best) or 0.0, throughput(measured, advice.cell) or 0.0
    regret = got / most if most else 0.0
    told = f"{advice.cell.name}, {got:,.1f}/s" if advice.cell else f"none: {advice.failed}"
    searched = f"{best.name}, {most:,.1f}/s" if best else "none"
    said = "unknown" if advice.confidence is None else f"{advice.confidence:.2f}"
    return f"| {engine} | {name} | {told} | {said} | {searched} | {regret:.2f} |", regret


def main(names: list[str]) -> None:
    """Print the table, each line as it comes."""
    order = random.Random(0)
    print(f"### {machine()}, {ROUNDS} rounds\n")
    print("| engine | function | advised | confidence | best of the search | regret |")
    print("| --- | --- | --- | --- | --- | --- |")
    regrets = []
    for engine in QUEUES:
        for name in FUNCTIONS if engine in (names or QUEUES) else ():
            line, regret = row(engine, name, order)
            regrets.append(regret)
            print(line, flush=True)
    print(f"\nThe geometric mean: {geometric_mean(regrets):.3f}; the worst: {min(regrets):.2f}.")


if __name__ == "__main__":
    main(sys.argv[1:])
