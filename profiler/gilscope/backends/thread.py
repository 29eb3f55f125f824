"""`concurrent.futures.ThreadPoolExecutor`: workers are threads of one process, under one GIL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter_ns

from gilscope.backends.base import Backend, Calls, ChunkReport, Configuration, Session, Work, WorkerId
from gilscope.backends.worker import enter_worker, run_chunk_here

__all__ = ["Tally", "Thread", "open_threads"]


class Tally:
    """Waits for many futures without keeping any: a finished one hands over its report and is let go, results and
    all. The first failure of the machinery itself (the target's own exceptions travel in the reports) is raised."""

    def __init__(self, pending: int, report: Callable[[ChunkReport], None]) -> None:
        self._pending = pending
        self._report = report
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._failure: BaseException | None = None

    def take(self, future: Future[ChunkReport]) -> None:
        """A future's done-callback."""
        failure = future.exception()
        with self._lock:
            if failure is None:
                self._report(future.result())
            self._failure = self._failure or failure
            self._pending -= 1
            if self._pending == 0 or self._failure is not None:
                self._done.set()

    def wait(self) -> None:
        """Return when every future is done; raise the first failure as soon as there is one."""
        self._done.wait()
        if self._failure is not None:
            raise self._failure


class _ThreadSession(Session):
    def __init__(self, pool: ThreadPoolExecutor, work: Work, workers: tuple[WorkerId, ...]) -> None:
        self._pool = pool
        self._work = work
        self.workers = workers

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        tally = Tally(len(chunks), report)
        for chunk in chunks:
            future = self._pool.submit(run_chunk_here, self._work, chunk, perf_counter_ns())
            future.add_done_callback(tally.take)
        tally.wait()


@contextmanager
def open_threads(workers: int) -> Iterator[tuple[ThreadPoolExecutor, tuple[WorkerId, ...]]]:
    """A thread pool whose threads are all started, and who they are."""
    everyone = threading.Barrier(workers)

    def enter() -> WorkerId:
        everyone.wait()  # no thread takes two of these tasks, so each is started
        return enter_worker()

    with ThreadPoolExecutor(workers, thread_name_prefix="gilscope") as pool:
        entered = [pool.submit(enter) for _ in range(workers)]
        yield pool, tuple(future.result() for future in entered)
        pool.shutdown(wait=True, cancel_futures=True)


class Thread(Backend):
    """A thread pool."""

    name = "thread"
    simplicity = 2
    shares_gil = True

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[Session]:
        if work.setup is not None:
            work.setup()
        with open_threads(configuration.workers) as (pool, workers):
            yield _ThreadSession(pool, work, workers)
        if work.teardown is not None:
            work.teardown()
