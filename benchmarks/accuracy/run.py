"""The ledger against programs that time themselves: ``python -m benchmarks.accuracy.run [SECONDS
[BACKEND]]``.

Prints a Markdown table: for each mix, backend and worker count, the states that the program knows, by the program and
by the ledger, and the largest difference in points of the wall clock.
"""

from __future__ import annotations

import json
import math
import os
import platform
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.accuracy.programs import MIX, TRUTH
from gilscope.backends.base import Configuration
from gilscope.backends.interpreter import is_available
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.watching import Watching
from gilscope.records import STATES, Ledger
from gilscope.targets import TargetSpec

MIXES = (
    "python=2,hash=2,sleep=6",
    "python=3,hash=3,socket=4",
    "python=1,hash=2,sleep=2,socket=3,lock=2",
    "python=5",
)
CONFIGURATIONS = (("serial", 1), ("thread", 2), ("thread", 4), ("process", 2), ("process", 4))
#: Of 3.14 and later.
INTERPRETERS = (("interpreter", 1), ("interpreter", 2), ("interpreter", 4))
RATE_HZ = 400.0
CYCLES = 20
Shares = dict[str, float]


def measure(mix: str, backend: str, workers: int, seconds: float) -> tuple[Shares, Shares, float]:
    """Shares of the wall clock by state: the program's, the ledger's; and the ledger's sum over the wall clock."""
    with tempfile.TemporaryDirectory() as folder:
        truth_file = Path(folder) / "truth"
        os.environ[MIX], os.environ[TRUTH] = mix, str(truth_file)
        trial = LiveTrial(Configuration(backend, workers))
        trial.start()
        try:
            ledger = _observed(trial, workers, seconds, truth_file)
        finally:
            trial.end()
        truth = _truth(truth_file, ledger)
    ledger_shares = {state: ledger.share(state) or 0.0 for state in STATES}
    return truth, ledger_shares, sum(ledger_shares.values())


def _observed(trial: LiveTrial, workers: int, seconds: float, truth_file: Path) -> Ledger:
    limit = time.monotonic() + 60 + 20 * seconds
    hello = trial.process.hear(m.Hello, limit, "starting")
    gil, reason = trial.calibrate(hello, limit)
    if gil.layout is None:
        raise SystemExit(f"no GIL to be seen here: {reason}")
    watching = Watching(gil, RATE_HZ, random.Random(1))
    trial.load(TargetSpec(spec="benchmarks.accuracy.programs:cycles", args=(str(CYCLES),)), 0, limit)
    trial.open(watching, limit)
    warm = trial.run_round(2 * workers, 1, limit, observed=False).done
    calls = workers * max(1, round(2 * seconds / warm.wall_s))
    os.truncate(truth_file, 0)
    made = trial.run_round(calls, 1, limit, observed=True)
    if made.ledger is None:
        raise SystemExit("the ledger was lost")
    return made.ledger


def _truth(path: Path, ledger: Ledger) -> Shares:
    """The program's own account, over the ledger's wall clock. What it knows only together with the run queue is told
    apart by the kernel's run-queue time, which the ledger has exactly."""
    calls = [json.loads(line) for line in path.read_text().splitlines()]
    known = {state: sum(call[state] for call in calls) for state in ("cpu_gil", "cpu_free", "network", "sleep", "lock")}
    busy_s = sum(call["ended"] - call["began"] for call in calls)
    known["runqueue"] = ledger.runqueue_s or 0.0
    known["gil_wait"] = max(0.0, busy_s - sum(known.values()))
    return {state: value / ledger.wall_s for state, value in known.items()}


def _configurations() -> list[tuple[str, int]]:
    """Those of the backend that was named, or all."""
    known = (*CONFIGURATIONS, *(INTERPRETERS if is_available() else ()))
    return [each for each in known if each[0] in sys.argv[2:] or not sys.argv[2:]]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"### {python}, {seconds:g} s ÷ √workers a row, {RATE_HZ:g} Hz\n")
    print("| mix (ms a call) | workers | state: truth → ledger (points) | worst | sum |")
    print("| --- | --- | --- | --- | --- |")
    worst = 0.0
    for mix in MIXES:
        for backend, workers in _configurations():
            truth, ledger, total = measure(mix, backend, workers, seconds / math.sqrt(workers))
            off = {state: 100 * (ledger[state] - truth[state]) for state in truth}
            shown = ", ".join(
                f"{state} {100 * truth[state]:.1f} → {100 * ledger[state]:.1f}"
                for state in truth
                if state != "runqueue" and max(truth[state], ledger[state]) > 0.002
            )
            row = max(abs(value) for value in off.values())
            worst = max(worst, row)
            print(f"| {mix} | {backend} × {workers} | {shown} | {row:.1f} | {total:.4f} |", flush=True)
    print(f"\nWorst: {worst:.1f} points.")


if __name__ == "__main__":
    main()
