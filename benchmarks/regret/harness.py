"""The parent of cells: starts their processes, lets them take turns, and survives whatever becomes of them."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.regret.cells import SERIAL, Cell, passes_for
from benchmarks.regret.workload import Workload

__all__ = ["CellFailed", "Lane", "Measured", "Solo", "end_group", "measure", "measure_solo"]

ROOT = Path(__file__).parents[2]
#: Within this a cell opens, or runs a round, or is ended.
TIMEOUT_S = 30.0
END_S = 5.0
ROUND_S = 0.15
#: Rounds that are thrown away while the call count settles.
CALIBRATIONS = 6
SOLO_ROUNDS = 3


class CellFailed(Exception):  # noqa: N818  a finding about a cell, not an error of the benchmark
    """Why a cell cannot be measured."""


class Measured(msgspec.Struct, frozen=True, omit_defaults=True):
    """One process of one cell."""

    cell: Cell
    rates: list[float] = []
    """Calls per second of each round."""
    failed: str | None = None


class Solo(msgspec.Struct, frozen=True):
    """A call alone."""

    call_s: float
    cpu_s: float
    """CPU time of the process, all its threads, for each call."""

    @property
    def cpu_share(self) -> float:
        """CPU ÷ wall clock, the rule of thumb's measure."""
        return self.cpu_s / self.call_s


class Round(msgspec.Struct, frozen=True):
    calls: int
    wall_s: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        return self.calls / self.wall_s


class Lane:
    """A cell's process and what it has shown so far."""

    def __init__(self, workload: Workload, cell: Cell) -> None:
        self.cell = cell
        self.rates: list[float] = []
        self.passes = 1
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the lane
        command = ["benchmarks.regret.cell", workload.spec, workload.inputs_spec, msgspec.json.encode(cell).decode()]
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,  # so that all it starts can be ended with it
        )

    def ready(self) -> None:
        """Wait until it is open."""
        self._inputs = int(self._hear()["inputs"])

    def run(self) -> Round:
        """One round."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{self.passes}\n")
        self._process.stdin.flush()
        return msgspec.convert(self._hear(), Round)

    def calibrate(self, round_s: float) -> None:
        """Settle how many passes a round takes."""
        for _ in range(CALIBRATIONS):
            made = self.run()
            # A first round is often slow, or too short to tell: go on from it tenfold at most.
            self.passes = min(passes_for(self.cell, self._inputs, made.per_s, round_s), 10 * self.passes)
            if made.wall_s >= 0.8 * round_s:
                return

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], TIMEOUT_S)[0]:
            raise CellFailed(f"no answer within {TIMEOUT_S:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise CellFailed(self._why_it_ended())
        told: dict[str, Any] = json.loads(line)
        if "failed" in told:
            raise CellFailed(told["failed"])
        return told

    def _why_it_ended(self) -> str:
        self.end(at_once=True)
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else f"exit status {self._process.returncode}"

    def let_go(self) -> None:
        """Ask it to end."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def end(self, *, at_once: bool = False) -> None:
        """Wait for its end, or make it."""
        end_group(self._process, 0 if at_once else END_S)

    def close(self) -> None:
        """Nothing of it is left."""
        self.let_go()
        self.end()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()


@contextlib.contextmanager
def _open(workload: Workload, cells: Sequence[Cell]) -> Iterator[list[Lane]]:
    """Their processes, started all at once."""
    lanes: list[Lane] = []
    try:
        for cell in cells:
            lanes.append(Lane(workload, cell))  # noqa: PERF401  what was started is ended though the next fails
        yield lanes
    finally:
        for lane in lanes:
            lane.let_go()
        for lane in lanes:
            lane.close()


def measure_solo(workload: Workload) -> Solo:
    """What one call takes, alone.

    :raises CellFailed: when the function does not even run so
    """
    with _open(workload, [SERIAL]) as (lane,):
        lane.ready()
        lane.calibrate(ROUND_S)
        rounds = [lane.run() for _ in range(SOLO_ROUNDS)]
    middle = sorted(rounds, key=lambda made: made.per_s)[SOLO_ROUNDS // 2]
    return Solo(middle.wall_s / middle.calls, middle.cpu_s / middle.calls)


def measure(workload: Workload, cells: Sequence[Cell], rounds: int, order: random.Random) -> list[Measured]:
    """Every cell in a fresh process, all of them open, one round at a time, in random order each time round."""
    failed: dict[Lane, str] = {}

    def turn(step: Callable[[Lane], None]) -> None:
        for lane in order.sample(lanes, len(lanes)):
            if lane not in failed:
                try:
                    step(lane)
                except CellFailed as failure:
                    failed[lane] = str(failure)
                    lane.end(at_once=True)

    with _open(workload, cells) as lanes:
        turn(Lane.ready)
        turn(lambda lane: lane.calibrate(ROUND_S))
        for _ in range(rounds):
            turn(lambda lane: lane.rates.append(float(f"{lane.run().per_s:.5g}")))
    return [Measured(lane.cell, [] if lane in failed else lane.rates, failed.get(lane)) for lane in lanes]


def end_group(process: subprocess.Popen[Any], patience_s: float) -> None:
    """Wait for a process that leads a session; after that end it, and in any case what it left behind in its group.

    SIGTERM first: the tracker of a process pool's semaphores ignores it, and tidies up once everybody else is gone.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
