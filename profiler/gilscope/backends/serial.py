"""No executor at all: one call after the other in one thread, awaited on one loop where that is what it takes. The
measure of every other backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter_ns

from gilscope.backends.base import Backend, Calls, ChunkReport, Configuration, OpenPool, Work
from gilscope.backends.worker import await_chunk_here, busy, current_worker, enter_worker, run_chunk_here, set_up

__all__ = ["Serial"]


class _SerialPool(OpenPool):
    def __init__(self, work: Work) -> None:
        self.work = work
        self.workers = (enter_worker(),)

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        if self.work.awaited:
            current_worker().run(self._await_all(chunks, report))
        else:
            for chunk in chunks:
                report(run_chunk_here(self.work, chunk, perf_counter_ns()))
        self.default_pool_threads = current_worker().default_pool_threads

    async def _await_all(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        """One run of the loop for all, as a coroutine would await them: each run of its own costs more than a short
        call."""
        for chunk in chunks:
            with busy():
                done = await await_chunk_here(self.work, chunk, perf_counter_ns())
            report(done)


class Serial(Backend):
    """A plain loop in the main thread."""

    name = "serial"
    executor = None
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
