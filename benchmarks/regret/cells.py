"""The grid: which executors of which sizes are tried, and what users do who do not measure."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Literal

import msgspec

__all__ = [
    "ADAPTIVE",
    "QUEUES",
    "SERIAL",
    "Cell",
    "Executor",
    "default_processes",
    "default_threads",
    "grid",
    "passes_for",
    "queue_grid",
    "rule_of_thumb",
    "unique",
]

Executor = Literal[
    "serial",
    "thread",
    "process",
    "interpreter",
    "asyncio",
    "betapool",
    "rq",
    "rq-simple",
    "celery",
    "celery-threads",
    "dask",
]
#: Task queues (`benchmarks.regret.engines`), under gilscope's names for them.
QUEUES: tuple[Executor, ...] = ("rq", "rq-simple", "celery", "celery-threads", "dask")

#: Whether this Python has pools of interpreters.
HAS_INTERPRETERS = sys.version_info >= (3, 14)
THREADS = (2, 4, 8, 16, 32, 64)
PROCESSES = (2, 4, 8, 16)
#: So many processes are tried even where there are fewer CPUs.
ALWAYS = 4
COROUTINES = (4, 16, 64, 256)
#: Chunksizes of processes, each with the longest call that it is tried for: a chunk must not be a round by itself.
CHUNKS_S = {1: math.inf, 8: 0.005, 64: 0.0005}
QUEUE_PROCESSES = (1, 2, 4, 8)
#: The rule of thumb's boundary between CPU-bound and I/O-bound.
THUMB = 0.5
#: To give every worker as much to do as the others, a round may last so many times longer than asked.
STRETCH = 4.0


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """An executor and its size."""

    executor: Executor
    workers: int = 1
    chunksize: int = 1
    start_method: str | None = None
    """Of processes; spawn when None."""

    @property
    def name(self) -> str:
        """In words: ``process × 4, chunksize 8``."""
        if self.executor in ("serial", "betapool"):
            return self.executor
        parts = [f"{self.executor} × {self.workers}"]
        parts += [f"chunksize {self.chunksize}"] if self.chunksize > 1 else []
        parts += [self.start_method] if self.start_method not in (None, "spawn") else []
        return ", ".join(parts)


SERIAL = Cell("serial")
#: BetaPool's thread pool as it comes, which sizes itself.
ADAPTIVE = Cell("betapool")


def default_threads(cpus: int) -> Cell:
    """``ThreadPoolExecutor()`` on so many CPUs."""
    return Cell("thread", min(32, cpus + 4))


def default_processes(cpus: int) -> Cell:
    """``ProcessPoolExecutor()``, and ``map`` without a chunksize."""
    return Cell("process", cpus)


def rule_of_thumb(cpu_share: float, cpus: int) -> Cell:
    """What most pages on the matter say: CPU ÷ wall clock tells which kind of pool."""
    return default_processes(cpus) if cpu_share >= THUMB else default_threads(cpus)


def grid(
    call_s: float, *, inputs: int, coroutine: bool, cpus: int = 2, interpreters: bool = HAS_INTERPRETERS
) -> list[Cell]:
    """Every configuration of the exhaustive search, for calls of this length over so many inputs, on so many CPUs.

    No chunk is longer than the inputs: pickle writes an object that comes twice in a chunk once, which no real list of
    different inputs has the good of.
    """
    chunks = [chunk for chunk, longest_s in CHUNKS_S.items() if call_s <= longest_s and chunk <= max(inputs, 1)]
    cells = [SERIAL, *(Cell("thread", workers) for workers in THREADS)]
    cells += [
        Cell("process", workers, chunk) for workers in PROCESSES if workers <= max(cpus, ALWAYS) for chunk in chunks
    ]
    if interpreters:
        cells += [msgspec.structs.replace(cell, executor="interpreter") for cell in cells if cell.executor == "process"]
    return [*cells, *(Cell("asyncio", workers) for workers in COROUTINES if coroutine)]


def queue_grid(queue: Executor) -> list[Cell]:
    """Every configuration of one task queue, and none."""
    return [SERIAL, *(Cell(queue, workers) for workers in (THREADS if queue == "celery-threads" else QUEUE_PROCESSES))]


def unique(cells: Iterable[Cell | None]) -> list[Cell]:
    """Each once, in order; ``spawn`` is what processes start by anyway."""
    plain = (msgspec.structs.replace(cell, start_method=_method(cell)) for cell in cells if cell is not None)
    return list(dict.fromkeys(plain))


def _method(cell: Cell) -> str | None:
    return None if cell.start_method == "spawn" else cell.start_method


def passes_for(cell: Cell, inputs: int, per_s: float, round_s: float) -> int:
    """How often a round goes through the inputs to last ``round_s`` at ``per_s`` calls a second: whole
    passes, and as many calls for each worker, in whole chunks, where that does not stretch the round too much."""
    wanted = per_s * round_s
    even = math.lcm(inputs, cell.workers * cell.chunksize)
    unit = even if even <= STRETCH * wanted else inputs
    return max(1, math.ceil(wanted / unit) * unit // inputs)
