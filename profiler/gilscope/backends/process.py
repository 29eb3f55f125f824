"""`concurrent.futures.ProcessPoolExecutor`: each worker is a process with a GIL of its own; calls and results are
pickled."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.context import BaseContext
from multiprocessing.util import Finalize
from time import perf_counter_ns
from typing import Any

from gilscope.backends.base import (
    Backend,
    Calls,
    ChunkReport,
    Configuration,
    OpenPool,
    Refusal,
    Work,
    WorkerDied,
)
from gilscope.backends.later import Later
from gilscope.backends.thread import Tally
from gilscope.backends.worker import current_worker, enter_worker, run_chunk
from gilscope.crashes import tell_crashes
from gilscope.subprocesses import above_streams, exit_reason, start_thread
from gilscope.thread_address import ThreadAddress
from gilscope.units import counted
from gilscope.unpicklable import explain, explain_calls

__all__ = ["Process"]

START_TIMEOUT_S = 300.0
#: What starts as it would anywhere.
ALSO_ELSEWHERE = ", as it does in any ProcessPoolExecutor that is started so"
END_TIMEOUT_S = 1.0


def _enter(_session: Any, everyone: Any, roster: Any, observer_pid: int, setup: Any, teardown: Later[Any]) -> None:
    """A worker's initializer: nobody goes on before everybody is there, so the pool starts its full number.
    ``_session`` has done its work when it is unpickled, which is before what stands behind it."""
    tell_crashes()
    roster.put(enter_worker(setup, observer_pid))
    tear_down = teardown.value()
    if tear_down is not None:
        Finalize(None, tear_down, exitpriority=0)
    Finalize(None, current_worker().close, exitpriority=1)  # before the tear-down
    everyone.wait(START_TIMEOUT_S)


def _nothing() -> None:
    """A task that makes the pool start a worker."""


class _ProcessPool(OpenPool):
    def __init__(self, pool: ProcessPoolExecutor, work: Work, workers: tuple[ThreadAddress, ...]) -> None:
        self._pool = pool
        # Sent with each chunk: no more than a call needs.
        self.work = replace(work, setup=None, teardown=None, session=None)
        self.workers = workers
        self._processes = multiprocessing.active_children()
        self._worked = False
        """Whether a chunk was ever done: before that a worker imports what it runs."""

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        def note(done: tuple[ChunkReport, list[Any]]) -> None:
            self._worked = True
            report(done[0])

        tally = Tally(len(chunks), note)
        try:
            for chunk in chunks:
                future = self._pool.submit(run_chunk, self.work, chunk, perf_counter_ns())
                future.add_done_callback(tally.take)
            tally.wait()
        except BrokenProcessPool as error:
            if "Traceback" in str(error.__cause__):  # the pool gave up on what a worker sent, and says why
                raise Refusal(f"a result cannot be unpickled: {_last_line(error.__cause__)}") from error
            raise WorkerDied(self._how_they_died()) from error
        except Exception as error:
            raise Refusal(self._unpicklable(chunks, error)) from error

    def _unpicklable(self, chunks: Sequence[Calls], error: Exception) -> str:
        """What of the calls is in the way; a result, which is in a worker, where nothing of them is."""
        return explain_calls(self.work.kwargs, chunks) or f"a result cannot be pickled: {error}"

    def _how_they_died(self) -> str:
        # The pool's own thread waits for the processes, and of two that do, one reads a wrong exit code.
        try:
            ending = start_thread(self._pool.shutdown, "gilscope-ending")
        except OSError:
            return _told([], self._worked)
        ending.join(END_TIMEOUT_S)  # a worker that ignores SIGTERM does not end
        return _told([] if ending.is_alive() else [process.exitcode for process in self._processes], self._worked)


def _last_line(remote: object) -> str:
    return str(remote).strip("\n'\"").rpartition("\n")[2]


def _told(codes: Sequence[int | None], worked: bool) -> str:
    """What ended the workers, from their exit codes; the pool itself terminates the rest with SIGTERM.

    :param worked: whether the pool has ended a chunk: before the first a worker imports what it runs
    """
    code = next((code for code in codes if code not in (None, 0, -signal.SIGTERM)), None)
    how = "" if code is None else f" {exit_reason(code)}"
    when = "in the middle of its work" if worked else "before its first call was over"
    by_itself = not worked and code is not None and code > 0
    return f"a worker process ended{how} {when}{ALSO_ELSEWHERE if by_itself else ''}"


@contextmanager
def _open_pool(
    work: Work, workers: int, context: BaseContext
) -> Iterator[tuple[ProcessPoolExecutor, tuple[ThreadAddress, ...]]]:
    everyone = context.Barrier(workers)
    roster = context.SimpleQueue()
    arguments = (work.session, everyone, roster, os.getppid(), work.setup, Later(work.teardown))
    pool = ProcessPoolExecutor(workers, context, _enter, arguments)
    try:
        _start(pool, workers, everyone)
        yield pool, tuple(roster.get() for _ in range(workers))
    except BrokenProcessPool as error:
        raise WorkerDied(f"a worker process ended while starting: its set-up failed{ALSO_ELSEWHERE}") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        roster.close()


def _start(pool: ProcessPoolExecutor, workers: int, everyone: Any) -> None:
    try:
        started = [pool.submit(_nothing) for _ in range(workers)]
    except BrokenProcessPool:  # a worker had ended before the last one was started: its set-up, not the system's limits
        raise
    except (OSError, RuntimeError) as error:  # no process, or no thread for the pool itself
        everyone.abort()  # else those that are there would wait for the others
        raise WorkerDied(f"{counted(workers, 'process', 'es')} could not be started: {error}") from error
    for future in started:
        future.result()


class Process(Backend):
    """A process pool."""

    name = "process"
    executor = "process"
    simplicity = 3
    shares_gil = False
    start_methods = ("spawn", "forkserver", "fork")

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        method = configuration.start_method or "spawn"
        if method not in multiprocessing.get_all_start_methods():
            raise Refusal(f"this platform has no start method {method!r}")
        _must_pickle("the function", work.func)
        context = multiprocessing.get_context(method)
        if method != "fork":
            _must_pickle("the set-up or the tear-down", (work.setup, work.teardown))
            _start_tracker()
        threads = _other_threads() if method == "fork" else None
        with _open_pool(work, configuration.workers, context) as (pool, workers):
            opened = _ProcessPool(pool, work, workers)
            opened.threads_before_fork = threads
            yield opened


def _other_threads() -> int | None:
    """Threads of this process beside the calling one, libraries' own too; None where only Python's own are known."""
    try:
        return len(os.listdir("/proc/self/task")) - 1
    except OSError:
        return None


def _start_tracker() -> None:
    """Start the process that removes the semaphores of killed processes, unable to warn that there were some: killed is
    how trials end."""
    from multiprocessing import resource_tracker

    nowhere = above_streams(os.open(os.devnull, os.O_WRONLY))
    try:
        told = os.dup(2)
    except OSError:  # the target has closed it, and without it multiprocessing starts none
        told = os.dup(nowhere)
    told = above_streams(told)
    try:
        os.dup2(nowhere, 2)
        resource_tracker.ensure_running()
    finally:
        os.dup2(told, 2)
        os.close(told)
        os.close(nowhere)


def _must_pickle(what: str, value: Any) -> None:
    problem = explain(what, value)
    if problem is not None:
        raise Refusal(problem)
