"""One function: its advice, the grid, and the final stage in which both are compared."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from benchmarks.regret.advice import Advice, ask
from benchmarks.regret.cells import ADAPTIVE, SERIAL, Cell, default_processes, default_threads, grid, unique
from benchmarks.regret.figures import throughput
from benchmarks.regret.harness import CellFailed, Measured, Solo, measure, measure_solo
from benchmarks.regret.workload import Workload

__all__ = ["FULL", "QUICK", "Effort", "Judged", "allowed", "finalists", "judge"]


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    screening_rounds: int
    final_rounds: int
    final_processes: int
    """Fresh processes for each cell of the final stage."""


FULL = Effort(screening_rounds=3, final_rounds=6, final_processes=2)
QUICK = Effort(screening_rounds=2, final_rounds=4, final_processes=1)
#: Cells of the grid that go to the final stage.
TOP = 3


class Judged(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything measured of one function."""

    name: str
    kind: str
    expect: list[str]
    why: str
    cpus: int
    solo: Solo | None = None
    advice: Advice | None = None
    screening: list[Measured] = []
    final: list[Measured] = []
    failed: str | None = None
    """Why the function itself could not be measured."""
    elapsed_s: float = 0.0


def judge(workload: Workload, effort: Effort, order: random.Random, searched: Sequence[Measured] = ()) -> Judged:
    """Ask for advice, search the grid where it was not ``searched`` before, and measure the best of it again beside the
    advice and the baselines."""
    began = time.perf_counter()
    about = Judged(workload.name, workload.kind, list(workload.expect), workload.why, os.cpu_count() or 1)
    try:
        solo = measure_solo(workload)
    except CellFailed as failure:
        return msgspec.structs.replace(about, failed=str(failure))
    advice = ask(workload)
    cells = grid(solo.call_s, inputs=workload.input_count(), coroutine=workload.coroutine, cpus=about.cpus)
    cells = allowed(unique([*cells, advice.cell]), workload)
    screening = list(searched) or measure(workload, cells, effort.screening_rounds, order)
    chosen = allowed(finalists(screening, advice.cell, about.cpus), workload)
    final = measure(workload, chosen * effort.final_processes, effort.final_rounds, order)
    elapsed_s = round(time.perf_counter() - began, 1)
    return msgspec.structs.replace(
        about, solo=solo, advice=advice, screening=screening, final=final, elapsed_s=elapsed_s
    )


def allowed(cells: Sequence[Cell], workload: Workload) -> list[Cell]:
    """Those that respect the function's lock: processes have one each."""
    return [cell for cell in cells if cell.executor not in ("process", "interpreter") or not workload.one_process]


def finalists(screening: Sequence[Measured], recommended: Cell | None, cpus: int) -> list[Cell]:
    """The fastest of the grid, what gilscope said, and what those use who do not measure."""
    rates = {each.cell: throughput(screening, each.cell) for each in screening}
    fastest = sorted((cell for cell in rates if rates[cell]), key=lambda cell: -(rates[cell] or 0.0))[:TOP]
    return unique([*fastest, recommended, SERIAL, default_threads(cpus), default_processes(cpus), ADAPTIVE])
