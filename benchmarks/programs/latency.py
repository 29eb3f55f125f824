"""How long one waits for the first figures."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import msgspec

from benchmarks.observer import interval
from benchmarks.programs.pythons import Python
from benchmarks.programs.running import Program, started

__all__ = ["Latency", "latencies"]

PROGRAMS = (
    Program("naps × 4, computes", (("naps", 4, {"nap": 3, "work": 1}), ("computes", 1, {}))),
    Program("naps × 200", (("naps", 200, {"nap": 100, "work": 0.2}),)),
)
WATCHED_S = 0.1
COMMANDS = {
    "dump": (["dump", "PID"], 0.0),
    f"attach --duration {WATCHED_S:g}s": (["attach", "PID", "--duration", f"{WATCHED_S:g}s"], WATCHED_S),
}


class Latency(msgspec.Struct, frozen=True):
    """From the command to what it tells, the time left out for which it was asked to watch."""

    python: str
    program: str
    command: str
    times: int
    median_s: float
    low_s: float
    high_s: float


def latencies(python: Python, times: int) -> Iterator[Latency]:
    """Each command at each program."""
    for program in PROGRAMS:
        with started(program, python.path) as running:
            for name, (words, watched_s) in COMMANDS.items():
                command = [sys.executable, "-m", "gilscope", *(word.replace("PID", str(running.pid)) for word in words)]
                _timed(command)  # the first reads the files from the disk
                taken = [_timed(command) - watched_s for _ in range(times)]
                yield Latency(python.version, program.name, name, times, *interval(taken))


def _timed(command: Sequence[str]) -> float:
    began_s = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began_s
