"""What runs inside a worker: making itself known, and running one chunk of calls."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from time import perf_counter_ns, thread_time_ns
from typing import TYPE_CHECKING, Any

from gilscope.backends.base import ChunkReport, Keyed, Work
from gilscope.backends.calling import call_async, caller, describe_error
from gilscope.backends.first_calls import FirstCall, first_call
from gilscope.backends.given import Given
from gilscope.introspection import permit_reading, runtime_address, thread_state
from gilscope.thread_address import ThreadAddress

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "Worker",
    "adopt",
    "adopt_orphans",
    "await_chunk_here",
    "busy",
    "current_worker",
    "default_pool_threads",
    "end_if_copied",
    "enter_worker",
    "permit_observer",
    "run_chunk",
    "run_chunk_here",
    "set_up",
]

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SIGKILL = 9

_local = threading.local()
_is_a_copy = False


def _note_fork() -> None:
    global _is_a_copy
    _is_a_copy = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def end_if_copied() -> None:
    """End a process that the call before forked off and that came back from it: it would go on with the calls of the
    one it is a copy of."""
    if _is_a_copy:
        os._exit(0)


class Worker:
    """A worker thread's own state: whether it is in a chunk, and its event loop if it needs one."""

    def __init__(self) -> None:
        self.busy = bytearray(1)
        self.called = False
        """Whether it has made a call already."""
        self.runner: asyncio.Runner | None = None
        self.given = Given()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        if self.runner is None:
            import asyncio  # only where coroutines run: it takes a worker a while to start with

            self.runner = asyncio.Runner()
        return self.runner.run(coroutine)

    @property
    def default_pool_threads(self) -> int | None:
        """Of its loop, if it has one."""
        return None if self.runner is None else default_pool_threads(self.runner.get_loop())

    def close(self) -> None:
        """Close its loop, and with it the tasks and generators that calls left behind; from any thread, when it makes
        no more calls."""
        runner, self.runner = self.runner, None
        if runner is not None:
            runner.close()


def default_pool_threads(loop: asyncio.AbstractEventLoop) -> int | None:
    """Threads of a loop's default executor, which `asyncio.to_thread` uses; None while nobody did, and for loops that
    keep it elsewhere than asyncio's own do."""
    threads = getattr(getattr(loop, "_default_executor", None), "_threads", None)
    return None if threads is None else len(threads)


def current_worker() -> Worker:
    """The calling thread, as a worker."""
    worker: Worker | None = getattr(_local, "worker", None)
    if worker is None:
        worker = _local.worker = Worker()
    return worker


def adopt(worker: Worker) -> None:
    """Let the calling thread go on as a worker that it was before it lost what is its own."""
    _local.worker = worker


def enter_worker(setup: Callable[[], Any] | None = None, observer_pid: int | None = None) -> ThreadAddress:
    """Make the calling thread a worker, and say how it is found from outside.

    :param setup: the user's set-up, run first
    :param observer_pid: the process that may read this one's memory where ptrace is restricted (Yama); given by
        the first worker of each process
    """
    global _is_a_copy
    _is_a_copy = False  # a fork that a pool made is meant to be here
    if observer_pid is not None:
        permit_observer(observer_pid)
    if setup is not None:
        setup()
    worker = current_worker()
    return ThreadAddress(
        pid=os.getpid(),
        tid=threading.get_native_id(),
        thread_state=thread_state(),
        runtime=runtime_address(),
        busy=ctypes.addressof(ctypes.c_char.from_buffer(worker.busy)),
    )


@contextmanager
def set_up(work: Work) -> Iterator[None]:
    """The user's set-up before, the tear-down after, in this process: once, whatever comes between."""
    if work.setup is not None:
        work.setup()
    try:
        yield
    finally:
        if work.teardown is not None:
            work.teardown()


def permit_observer(pid: int) -> None:
    """Let ``pid`` and its descendants read this process's memory, and die with the parent (prctl(2), Linux only)."""
    permit_reading(pid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Make the calling process the parent of what its descendants leave behind, so that a daemon stays in sight
    whatever session it moved to and whatever became of its environment (prctl(2), Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextmanager
def busy() -> Iterator[None]:
    """Within, this worker is in a call: what it waits for is the call's, not the executor's."""
    flag = current_worker().busy
    flag[0] = 1
    try:
        yield
    finally:
        flag[0] = 0


def run_chunk(
    work: Work, chunk: Sequence[Any], submitted_ns: int
) -> tuple[ChunkReport, list[Any]]:  # what a process-pool worker sends back: results cross the boundary as a user's do
    """Run the calls of ``chunk`` one after the other in this worker; the results and what became of them."""
    results: list[Any] = []
    return run_chunk_here(work, chunk, submitted_ns, results.append), results


def run_chunk_here(
    work: Work, chunk: Sequence[Any], submitted_ns: int, keep: Callable[[Any], Any] | None = None
) -> ChunkReport:
    """Run the calls of ``chunk`` one after the other in this thread, dropping results unless ``keep`` takes them; what
    is awaited, on the one loop of this worker."""
    if work.awaited:
        with busy():
            report: ChunkReport = current_worker().run(await_chunk_here(work, chunk, submitted_ns, keep))
        return report
    if isinstance(chunk, Keyed):
        return _run_keyed(work, chunk, submitted_ns)
    with _noting_first(chunk) as first:
        report = _run(work, chunk, submitted_ns, keep)
    return first.told_in(report)


async def await_chunk_here(
    work: Work, chunk: Sequence[Any], submitted_ns: int, keep: Callable[[Any], Any] | None = None
) -> ChunkReport:
    """`run_chunk_here` for who is on this thread's running loop already."""
    results: list[Any] = []
    with _noting_first(chunk) as first:
        report = await _run_awaited(work, chunk, submitted_ns, results.append if isinstance(chunk, Keyed) else keep)
    report = first.told_in(report)
    return _digested(report, chunk, results) if isinstance(chunk, Keyed) else report


class _First:
    """What a worker's first call did, if one of this chunk was."""

    def __init__(self) -> None:
        self.call: FirstCall | None = None

    def told_in(self, report: ChunkReport) -> ChunkReport:
        return report if self.call is None else replace(report, first=replace(self.call, seconds=_first_s(report)))


@contextmanager
def _noting_first(chunk: Sequence[Any]) -> Iterator[_First]:
    """Within, this worker makes the calls of ``chunk``."""
    first = _First()
    if current_worker().called or not chunk:
        yield first
        return
    current_worker().called = True
    with first_call() as first.call:
        yield first


def _first_s(report: ChunkReport) -> float:
    """Of the first call, where calls are timed; else the mean of the chunk's."""
    if report.latencies_ns:
        return report.latencies_ns[0] / 1e9
    return (report.ended_ns - report.started_ns) / report.calls / 1e9


def _run(work: Work, chunk: Sequence[Any], submitted_ns: int, keep: Callable[[Any], Any] | None = None) -> ChunkReport:
    worker = current_worker()
    call = caller(work)
    if work.kind == "sync" and not worker.given.calls:  # one chunk tells, and short calls are not to be delayed
        call = worker.given.noting(call)
    latencies: list[int] = []
    cpu: list[int] = []  # readings of the thread's clock: before the first call, then after each
    errors, first = 0, None
    with busy():
        started = perf_counter_ns()
        if work.cpu_timed:
            cpu.append(thread_time_ns())
        for item in chunk:
            before = perf_counter_ns() if work.timed else 0
            try:
                result = call(item)
            except BaseException as error:
                errors += 1
                first = first or describe_error(error)
            else:
                if keep is not None:
                    keep(result)
                result = None
            if work.timed:
                latencies.append(perf_counter_ns() - before)
            if work.cpu_timed:
                cpu.append(thread_time_ns())
            if _is_a_copy:  # asked here, for calling takes longer than a short call of the target
                end_if_copied()
        ended = perf_counter_ns()
    spent = tuple(after - before for before, after in pairwise(cpu))
    return ChunkReport(submitted_ns, started, ended, len(chunk), errors, tuple(latencies), first, cpu_ns=spent)


async def _run_awaited(
    work: Work, chunk: Sequence[Any], submitted_ns: int, keep: Callable[[Any], Any] | None
) -> ChunkReport:
    """`_run`, on the running loop."""
    from asyncio import current_task  # a loop runs: it is imported

    task = current_task()
    assert task is not None, "no loop runs"
    latencies: list[int] = []
    cpu: list[int] = []
    errors, first = 0, None
    started = perf_counter_ns()
    if work.cpu_timed:
        cpu.append(thread_time_ns())
    for item in chunk:
        before = perf_counter_ns() if work.timed else 0
        try:
            result = await call_async(work, item)
        except BaseException as error:
            errors += 1
            first = first or describe_error(error)
        else:
            if keep is not None:
                keep(result)
            result = None
        if work.timed:
            latencies.append(perf_counter_ns() - before)
        if work.cpu_timed:
            cpu.append(thread_time_ns())
        if task.cancelling():
            await _stay(task)
        end_if_copied()
    ended = perf_counter_ns()
    spent = tuple(after - before for before, after in pairwise(cpu))
    return ChunkReport(submitted_ns, started, ended, len(chunk), errors, tuple(latencies), first, cpu_ns=spent)


async def _stay(task: asyncio.Task[Any]) -> None:
    """A call that cancels the task it runs in ends itself, not the worker, nor the next call."""
    from asyncio import CancelledError, sleep

    while task.cancelling():
        task.uncancel()
    with suppress(CancelledError):  # it may be yet to come
        await sleep(0)


def _run_keyed(work: Work, chunk: Keyed, submitted_ns: int) -> ChunkReport:
    results: list[Any] = []
    return _digested(run_chunk_here(work, list(chunk), submitted_ns, results.append), chunk, results)


def _digested(report: ChunkReport, chunk: Keyed, results: Sequence[Any]) -> ChunkReport:
    """The report of a `Keyed` chunk, with the digest of the result if there is one."""
    from gilscope.digest import digest  # not at the top: few workers are asked for one

    made = digest(results[0]) if results else None
    return report if made is None else replace(report, digest=(chunk.key, made))
