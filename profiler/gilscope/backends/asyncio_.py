"""One event loop. Coroutine functions run on it, N at a time; plain functions are offloaded from it to a bounded
thread pool with `loop.run_in_executor`. A heartbeat measures what the loop's other tasks would feel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from time import perf_counter_ns

from gilscope.backends.base import Backend, Calls, ChunkReport, Configuration, OpenPool, Work
from gilscope.backends.thread import open_threads
from gilscope.backends.worker import (
    await_chunk_here,
    busy,
    default_pool_threads,
    enter_worker,
    run_chunk_here,
    set_up,
)
from gilscope.thread_address import ThreadAddress

__all__ = ["Asyncio"]

HEARTBEAT_S = 0.005


@asynccontextmanager
async def _heartbeat(lags_ns: list[int]) -> AsyncIterator[None]:
    """Record, every 5 ms, how much later than asked the loop resumes a task that only sleeps."""

    async def beat() -> None:
        while True:
            due = perf_counter_ns() + int(HEARTBEAT_S * 1e9)
            await asyncio.sleep(HEARTBEAT_S)
            lags_ns.append(max(0, perf_counter_ns() - due))

    task = asyncio.create_task(beat())
    await asyncio.sleep(0)  # the first beat is counting before the work begins
    try:
        yield
    finally:
        await asyncio.sleep(0)  # a beat that is overdue because the loop was blocked is still heard
        task.cancel()
        await asyncio.wait([task])


class _NativePool(OpenPool):
    """Coroutine functions, ``concurrency`` of them at a time on the loop of the main thread."""

    def __init__(self, runner: asyncio.Runner, work: Work, concurrency: int) -> None:
        self._runner = runner
        self.work = work
        self._concurrency = concurrency
        self.workers = (enter_worker(),)

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        with busy():
            self._runner.run(self._run(iter(chunks), report))
        self.default_pool_threads = default_pool_threads(self._runner.get_loop())

    async def _run(self, chunks: Iterator[Calls], report: Callable[[ChunkReport], None]) -> None:
        lags: list[int] = []
        async with _heartbeat(lags), asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._work_off(chunks, report))
        self.loop_lags_ns = lags

    async def _work_off(self, chunks: Iterator[Calls], report: Callable[[ChunkReport], None]) -> None:
        for chunk in chunks:
            report(await self._run_chunk(chunk))

    async def _run_chunk(self, chunk: Calls) -> ChunkReport:
        report = await await_chunk_here(self.work, chunk, perf_counter_ns())
        if report.first is None:
            return report
        return replace(report, first=replace(report.first, cpu_s=None))  # others ran on this loop meanwhile


class _OffloadPool(OpenPool):
    """Plain functions, offloaded from a running loop to a thread pool of its own."""

    def __init__(
        self, runner: asyncio.Runner, pool: ThreadPoolExecutor, work: Work, workers: tuple[ThreadAddress, ...]
    ) -> None:
        self._runner = runner
        self._pool = pool
        self.work = work
        self.workers = workers

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        self._runner.run(self._run(chunks, report))

    async def _run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        lags: list[int] = []
        loop = asyncio.get_running_loop()
        async with _heartbeat(lags):
            offloaded = [
                loop.run_in_executor(self._pool, run_chunk_here, self.work, chunk, perf_counter_ns())
                for chunk in chunks
            ]
            for future in asyncio.as_completed(offloaded):
                report(await future)
        self.loop_lags_ns = lags


class Asyncio(Backend):
    """An event loop: coroutines run on it, plain functions are offloaded from it."""

    name = "asyncio"
    executor = "thread"  # where it offloads
    simplicity = 1
    shares_gil = True

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        with set_up(work), asyncio.Runner() as runner:
            if work.awaited:
                yield _NativePool(runner, work, configuration.workers)
            else:
                with open_threads(configuration.workers) as (pool, workers):
                    yield _OffloadPool(runner, pool, work, workers)
