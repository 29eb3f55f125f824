"""What watching costs the watched: ``python -m benchmarks.observer [PAIRS]``.

A process runs a fixed number of calls again and again, now watched, now not, in pairs of random order; the ratio of the
two is taken pair by pair.
"""

from __future__ import annotations

import math
import platform
import random
import statistics
import sys
import time

from gilscope.backends.base import Configuration
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.watching import Watching
from gilscope.targets import TargetSpec

RATE_HZ = 400.0
ROUND_S = 0.5
PROGRAMS = ("python", "native", "sleep")
WORKERS = (("serial", 1), ("thread", 4))


def ratios(program: str, backend: str, workers: int, pairs: int) -> tuple[list[float], float]:
    """Wall clock of the watched round over that of the other, pair by pair; and the CPU the sampler used, as a share of
    one CPU."""
    trial = LiveTrial(Configuration(backend, workers))
    trial.start()
    try:
        return _ratios(trial, program, pairs)
    finally:
        trial.end()


def _ratios(trial: LiveTrial, program: str, pairs: int) -> tuple[list[float], float]:
    limit = time.monotonic() + 3600
    hello = trial.process.hear(m.Hello, limit, "starting")
    gil, _ = trial.calibrate(hello, limit)
    rng = random.Random(2)
    trial.load(TargetSpec(spec=f"tests.truth.programs:{program}"), 0, limit)
    trial.open(Watching(gil, RATE_HZ, rng), limit)
    warm = trial.run_round(4 * trial.configuration.workers, 1, limit, observed=False).done
    calls = max(trial.configuration.workers, round(warm.calls * ROUND_S / warm.wall_s))
    found = []
    for _ in range(pairs):
        walls = {
            observed: trial.run_round(calls, 1, limit, observed=observed).done.wall_s
            for observed in rng.sample([True, False], 2)
        }
        found.append(walls[True] / walls[False])
    quality = trial.account.sampling
    return found, quality.cpu_s / quality.elapsed_s if quality else math.nan


def interval(values: list[float]) -> tuple[float, float, float]:
    """The median and a 95 % interval of it, from order statistics (binomial, normal approximation)."""
    ordered = sorted(values)
    half = 0.98 * math.sqrt(len(ordered))
    low = max(0, math.floor(len(ordered) / 2 - half))
    high = min(len(ordered) - 1, math.ceil(len(ordered) / 2 + half))
    return statistics.median(ordered), ordered[low], ordered[high]


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print(f"### CPython {platform.python_version()}, {pairs} pairs of {ROUND_S:g} s, {RATE_HZ:g} Hz\n")
    print("| program | workers | slowdown: median | 95 % interval | sampler's CPU |")
    print("| --- | --- | --- | --- | --- |")
    for program in PROGRAMS:
        for backend, workers in WORKERS:
            found, cpu = ratios(program, backend, workers, pairs)
            middle, low, high = interval(found)
            percent = [100 * (value - 1) for value in (middle, low, high)]
            print(
                f"| {program} | {backend} × {workers} | {percent[0]:+.1f} % | {percent[1]:+.1f} to {percent[2]:+.1f} % "
                f"| {100 * cpu:.1f} % |",
                flush=True,
            )


if __name__ == "__main__":
    main()
