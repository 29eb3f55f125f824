"""Where the seconds of a verdict go: ``python -m benchmarks.phases [RUNS]``.

Each step that an analysis takes is timed where it is done; what the command line takes beside them is the whole
command's wall clock less that of the analysis.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from gilscope import analysis
from gilscope.analysis import conclude, loop
from gilscope.analysis.runner import Runner
from gilscope.decide.steps import Open, Rounds, Step
from gilscope.options import Options
from gilscope.targets import TargetSpec

FUNCTIONS = {
    "is_prime, 300 ms": TargetSpec(spec="gilscope.examples.primes:is_prime", inputs="PRIMES"),
    "time.sleep, 10 ms": TargetSpec(spec="benchmarks.ordinary:nap", inputs="MANY"),
    "json.loads, 0.3 ms": TargetSpec(spec="benchmarks.ordinary:parse", inputs="MANY"),
    "hashlib.pbkdf2_hmac, 7 ms": TargetSpec(spec="benchmarks.ordinary:derive", inputs="MANY"),
    "a loop, 3 ms": TargetSpec(spec="benchmarks.ordinary:count", inputs="MANY"),
}
_PURPOSES = {"first": "first rounds", "contest": "contest", "latency": "for the p99"}


class Stopwatch:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timing(self, phase: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - began

    def around(self, of: Callable[..., Any], phase: Callable[..., str]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            with self.timing(phase(*given)):
                return of(*given, **named)

        return timed


def phase_of(runner: Runner, step: Step) -> str:
    if isinstance(step, Rounds):
        return _PURPOSES[step.purpose]
    if isinstance(step, Open):
        opened = len(runner.journal.trials) > 1
        return "opening twins" if step.twins_of else "opening more counts" if opened else "opening the first"
    return type(step).__name__


def phases(target: TargetSpec) -> tuple[dict[str, float], str]:
    """Seconds of each phase of one analysis in this process, and its verdict."""
    watch = Stopwatch()
    steps: list[tuple[Any, str, Callable[..., str]]] = [
        (loop, "perform", phase_of),
        (loop, "start_solo", lambda *_: "starting alone, first calls"),
        (conclude, "conclude", lambda *_: "concluding"),
    ]
    with ExitStack() as stack:
        for module, name, phase in steps:
            timed = watch.around(getattr(module, name), phase)
            stack.enter_context(mock.patch.object(module, name, timed))
        with watch.timing("all"):
            result = analysis.investigate(target, Options())
    said = result.recommendation
    watch.seconds["deciding, ending"] = 2 * watch.seconds["all"] - sum(watch.seconds.values())
    return watch.seconds, f"{said.backend} × {said.workers}, {said.confidence:.0%}"


def command_s(target: TargetSpec) -> float:
    command = [sys.executable, "-m", "gilscope", "analyze", target.spec, "--inputs", str(target.inputs), "--json"]
    began = time.perf_counter()
    path = str(Path(__file__).parent.parent)
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": path})
    return time.perf_counter() - began


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"### CPython {platform.python_version()}, {runs} runs of each, medians\n")
    found = {name: [phases(target) for _ in range(runs)] for name, target in FUNCTIONS.items()}
    rows = list(dict.fromkeys(phase for made in found.values() for seconds, _ in made for phase in seconds))
    print(f"| seconds | {' | '.join(FUNCTIONS)} |\n| --- |{' --- |' * len(FUNCTIONS)}")
    for row in rows:
        cells = [statistics.median(seconds.get(row, 0.0) for seconds, _ in made) for made in found.values()]
        print(f"| {row} | {' | '.join(f'{cell:.2f}' for cell in cells)} |")
    walls = [statistics.median(command_s(target) for _ in range(runs)) for target in FUNCTIONS.values()]
    print(f"| the whole command | {' | '.join(f'{wall:.2f}' for wall in walls)} |")
    said = [", ".join(sorted({verdict for _, verdict in made})) for made in found.values()]
    print(f"| verdict | {' | '.join(said)} |")


if __name__ == "__main__":
    main()
