"""`concurrent.futures.ProcessPoolExecutor`: each worker is a process with a GIL of its own; calls and results are
pickled."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from time import perf_counter_ns
from typing import Any

from gilscope.backends.base import (
    Backend,
    Calls,
    ChunkReport,
    Configuration,
    Refusal,
    Session,
    Work,
    WorkerDied,
    WorkerId,
)
from gilscope.backends.thread import Tally
from gilscope.backends.worker import enter_worker, run_chunk

__all__ = ["Process"]

START_TIMEOUT_S = 300.0


def _enter(everyone: Any, roster: Any, observer_pid: int, setup: Any, teardown: Any) -> None:
    """A worker's initializer: nobody goes on before everybody is there, so the pool starts its full number."""
    roster.put(enter_worker(setup, observer_pid))
    if teardown is not None:
        Finalize(None, teardown, exitpriority=0)
    everyone.wait(START_TIMEOUT_S)


def _nothing() -> None:
    """A task that makes the pool start a worker."""


class _ProcessSession(Session):
    def __init__(self, pool: ProcessPoolExecutor, work: Work, workers: tuple[WorkerId, ...]) -> None:
        self._pool = pool
        self._work = work
        self.workers = workers
        self._processes = multiprocessing.active_children()

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        tally = Tally(len(chunks), report)
        for chunk in chunks:
            future = self._pool.submit(run_chunk, self._work, chunk, perf_counter_ns())
            future.add_done_callback(lambda done: tally.take(_report_alone(done)))
        try:
            tally.wait()
        except BrokenProcessPool as error:
            raise WorkerDied(_how_they_died(self._processes)) from error
        except Exception as error:
            raise Refusal(f"a call or its result cannot be pickled: {error}") from error


def _report_alone(future: Future[tuple[ChunkReport, list[Any]]]) -> Future[ChunkReport]:
    alone: Future[ChunkReport] = Future()
    failure = future.exception()
    if failure is None:
        alone.set_result(future.result()[0])
    else:
        alone.set_exception(failure)
    return alone


def _how_they_died(processes: Sequence[BaseProcess]) -> str:
    """What ended the workers, from their exit codes; the pool itself terminates the rest with SIGTERM."""
    codes = [process.exitcode for process in processes if process.exitcode not in (None, 0, -signal.SIGTERM)]
    if not codes or codes[0] is None:
        return "a worker process ended in the middle of its work"
    code = codes[0]
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit status {code}"
    return f"a worker process ended {how} in the middle of its work"


@contextmanager
def _open_pool(
    work: Work, workers: int, context: BaseContext
) -> Iterator[tuple[ProcessPoolExecutor, tuple[WorkerId, ...]]]:
    everyone = context.Barrier(workers)
    roster = context.SimpleQueue()
    arguments = (everyone, roster, os.getppid(), work.setup, work.teardown)
    pool = ProcessPoolExecutor(workers, context, _enter, arguments)
    try:
        started = [pool.submit(_nothing) for _ in range(workers)]
        for future in started:
            future.result()
        yield pool, tuple(roster.get() for _ in range(workers))
    except BrokenProcessPool as error:
        raise WorkerDied(
            "a worker process ended while starting: its set-up, or importing the target in it, failed"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        roster.close()


class Process(Backend):
    """A process pool."""

    name = "process"
    simplicity = 3
    shares_gil = False
    start_methods = ("spawn", "forkserver", "fork")

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[Session]:
        method = configuration.start_method or "spawn"
        if method not in multiprocessing.get_all_start_methods():
            raise Refusal(f"this platform has no start method {method!r}")
        _must_pickle("the function", work.func)
        context = multiprocessing.get_context(method)
        with _open_pool(work, configuration.workers, context) as (pool, workers):
            yield _ProcessSession(pool, work, workers)


def _must_pickle(what: str, value: Any) -> None:
    try:
        pickle.dumps(value)
    except Exception as error:
        raise Refusal(f"{what} cannot be pickled: {error}") from error
