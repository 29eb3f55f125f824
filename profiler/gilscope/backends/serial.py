"""No executor at all: one call after the other in one thread. The measure of every other backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter_ns

from gilscope.backends.base import Backend, Calls, ChunkReport, Configuration, OpenPool, Work
from gilscope.backends.worker import current_worker, enter_worker, run_chunk_here, set_up

__all__ = ["Serial"]


class _SerialPool(OpenPool):
    def __init__(self, work: Work) -> None:
        self.work = work
        self.workers = (enter_worker(),)

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        for chunk in chunks:
            report(run_chunk_here(self.work, chunk, perf_counter_ns()))
        self.default_pool_threads = current_worker().default_pool_threads


class Serial(Backend):
    """A plain loop in the main thread."""

    name = "serial"
    simplicity = 0
    shares_gil = True
    fixed_workers = 1

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:  # noqa: ARG002
        with set_up(work):
            try:
                yield _SerialPool(work)
            finally:
                current_worker().close()
