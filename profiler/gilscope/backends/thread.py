"""`concurrent.futures.ThreadPoolExecutor`: workers are threads of one process, under one GIL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from time import perf_counter_ns
from typing import Generic, TypeVar

from gilscope.backends.base import Backend, Calls, ChunkReport, Configuration, OpenPool, Work, WorkerDied
from gilscope.backends.worker import current_worker, enter_worker, run_chunk_here, set_up
from gilscope.thread_address import ThreadAddress
from gilscope.units import counted

__all__ = ["Tally", "Thread", "open_threads"]

T = TypeVar("T")


class Tally(Generic[T]):
    """Waits for many futures without keeping any: a finished one hands over what it holds and is let go. The first
    failure of the machinery itself (the target's own exceptions travel in the reports) is raised."""

    def __init__(self, pending: int, report: Callable[[T], object]) -> None:
        self._pending = pending
        self._report = report
        self._lock = threading.Lock()
        self._done = threading.Event()
        if pending == 0:
            self._done.set()
        self._failure: BaseException | None = None

    def take(self, future: Future[T]) -> None:
        """A future's done-callback."""
        failure = CancelledError("its workers are lost") if future.cancelled() else future.exception()
        with self._lock:
            if failure is None:
                self._report(future.result())
            self._failure = self._failure or failure
            self._pending -= 1
            if self._pending == 0:
                self._done.set()

    def give_up(self, failure: BaseException) -> None:
        """Wait no longer: nobody is left who could end the rest."""
        with self._lock:
            self._failure = self._failure or failure
            self._done.set()

    def wait(self) -> None:
        """Return when every future is done, or raise the first failure then: a process pool that is shut down before,
        some of its tasks still failing to be pickled, waits for them for ever (in CPython 3.11)."""
        self._done.wait()
        if self._failure is not None:
            raise self._failure


class _ThreadPool(OpenPool):
    def __init__(self, pool: ThreadPoolExecutor, work: Work, workers: tuple[ThreadAddress, ...]) -> None:
        self._pool = pool
        self.work = work
        self.workers = workers

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        tally = Tally(len(chunks), report)
        for chunk in chunks:
            future = self._pool.submit(run_chunk_here, self.work, chunk, perf_counter_ns())
            future.add_done_callback(tally.take)
        tally.wait()


@contextmanager
def open_threads(workers: int) -> Iterator[tuple[ThreadPoolExecutor, tuple[ThreadAddress, ...]]]:
    """A thread pool whose threads are all started, and who they are.

    :raises WorkerDied: when not so many threads can be started
    """
    everyone = threading.Barrier(workers)

    def enter() -> ThreadAddress:
        everyone.wait()  # no thread takes two of these tasks, so each is started
        leaving.callback(current_worker().close)
        return enter_worker()

    with ExitStack() as leaving, ThreadPoolExecutor(workers, thread_name_prefix="gilscope") as pool:
        try:
            entered = [pool.submit(enter) for _ in range(workers)]
        except RuntimeError as error:
            everyone.abort()  # else those that are there would wait for the others for ever
            raise WorkerDied(f"{counted(workers, 'thread')} could not be started: {error}") from error
        try:
            yield pool, tuple(future.result() for future in entered)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class Thread(Backend):
    """A thread pool."""

    name = "thread"
    executor = "thread"
    simplicity = 2
    shares_gil = True

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        with set_up(work), open_threads(configuration.workers) as (pool, workers):
            yield _ThreadPool(pool, work, workers)
