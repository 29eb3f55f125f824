"""`concurrent.futures.InterpreterPoolExecutor`: each worker is a thread with an interpreter of its own in this process,
and that has a GIL of its own. Arguments and results of the types that interpreters share cross as they are; all else is
pickled. Python 3.14 and later.
"""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import platform
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from time import perf_counter_ns
from typing import Any

from gilscope.backends.base import (
    Backend,
    Calls,
    ChunkReport,
    Configuration,
    Keyed,
    OpenPool,
    Refusal,
    Work,
    WorkerDied,
)
from gilscope.backends.isolated import Entered, Sent, Settings, enter, run_here
from gilscope.backends.room import available_bytes, own_bytes, too_many
from gilscope.backends.shareable import why_not
from gilscope.backends.thread import Tally
from gilscope.errors import UsageError
from gilscope.subprocesses import above_streams
from gilscope.thread_address import ThreadAddress
from gilscope.units import counted

__all__ = ["Interpreter", "is_available"]

#: From so many on, it is first seen whether there is memory for all.
MANY = 32


def is_available() -> bool:
    """Whether this Python has such pools."""
    return hasattr(concurrent.futures, "InterpreterPoolExecutor")


class _InterpreterPool(OpenPool):
    def __init__(self, pool: ThreadPoolExecutor, work: Work, workers: tuple[ThreadAddress, ...]) -> None:
        self._pool = pool
        self.work = work
        self.workers = workers

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        refused: list[str] = []

        def note(done: tuple[ChunkReport, tuple[Any, ...], str | None]) -> None:
            told, _, why = done
            refused.extend([why] if why else [])
            report(told)

        tally, work = Tally(len(chunks), note), self.work
        settings = tuple(Settings(work.kind, work.star, work.bare, work.timed, work.cpu_timed))
        try:
            for chunk in chunks:
                key = chunk.key if isinstance(chunk, Keyed) else None
                sent = (settings, work.func, work.kwargs, key, perf_counter_ns(), tuple(chunk))
                self._pool.submit(run_here, *sent).add_done_callback(tally.take)
            tally.wait()
        except Exception as error:
            raise Refusal(self._what_does_not_cross(chunks, error)) from error
        if refused:
            raise Refusal(refused[0])

    def _what_does_not_cross(self, chunks: Sequence[Calls], error: Exception) -> str:
        """What of the calls is in the way; a result, which is in a worker, where nothing of them is."""
        arguments = (self.work.kwargs, *(item for chunk in chunks for item in chunk))
        told = next(filter(None, (why_not("an argument", argument) for argument in arguments)), None)
        if told is None and type(error).__name__ != "NotShareableError":
            return f"a result cannot be unpickled: {type(error).__name__}: {error}"
        return told or f"a result cannot be pickled, nor shared between interpreters: {error}"


class _Gate:
    """Where workers wait for each other, so that the pool starts its full number: none is idle before all are there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._arrived, self._opened = _pipe(), _pipe()
        self.ends = (self._arrived[1], self._opened[0])
        """For the workers: to say that they are there, and to wait."""

    def take(self, future: Future[Any]) -> None:
        """A worker that cannot come has come too. A future's done-callback."""
        if not future.cancelled() and future.exception() is None:
            return
        with self._lock:
            if not self._closed:
                os.write(self._arrived[1], b".")

    def wait(self, workers: int) -> None:
        """Return when so many more are there."""
        while workers:
            workers -= len(os.read(self._arrived[0], workers))

    def open(self, workers: int) -> None:
        os.write(self._opened[1], b"." * workers)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        for end in (*self._arrived, *self._opened):
            os.close(end)


def _pipe() -> tuple[int, int]:
    reads, writes = os.pipe()
    return above_streams(reads), above_streams(writes)


@contextmanager
def _open_pool(work: Work, workers: int) -> Iterator[tuple[ThreadPoolExecutor, tuple[ThreadAddress, ...]]]:
    gate = _Gate()
    with ExitStack() as stack:
        stack.callback(gate.close)
        pool: ThreadPoolExecutor = concurrent.futures.InterpreterPoolExecutor(workers, "gilscope")  # type: ignore
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        sent = (tuple(sys.path), *gate.ends, tuple(_sent(work)))
        try:
            entering = _all_entering(pool, workers, sent, gate)
        finally:
            gate.open(workers)  # else those that are there would wait for the others for ever
        yield pool, tuple(_address(future) for future in entering)


def _all_entering(
    pool: ThreadPoolExecutor, workers: int, sent: tuple[Any, ...], gate: _Gate
) -> list[Future[tuple[Any, ...]]]:
    """Where they are many, the second tells whether there is room for all: the first brings what all share."""
    if workers < MANY:
        return _entering(pool, workers, sent, gate)
    first, before = _entering(pool, 1, sent, gate), own_bytes()
    second = _entering(pool, 1, sent, gate)
    why = too_many(workers, own_bytes() - before, available_bytes())
    if why is not None:
        raise Refusal(why)
    return [*first, *second, *_entering(pool, workers - 2, sent, gate)]


def _entering(
    pool: ThreadPoolExecutor, count: int, sent: tuple[Any, ...], gate: _Gate
) -> list[Future[tuple[Any, ...]]]:
    try:
        entering = [pool.submit(enter, *sent) for _ in range(count)]
    except RuntimeError as error:  # no thread for it, or one that came before could not be started
        raise WorkerDied(f"{counted(count, 'interpreter')} could not be started: {error}") from error
    for future in entering:
        future.add_done_callback(gate.take)
    gate.wait(count)
    return entering


def _address(future: Future[tuple[Any, ...]]) -> ThreadAddress:
    try:
        entered = Entered(*future.result())
    except Exception as error:
        raise WorkerDied(f"an interpreter could not be started: {error}") from error
    if entered.status == "refused":
        raise Refusal(entered.reason)
    if entered.status == "died":
        raise WorkerDied(entered.reason)
    return ThreadAddress(*entered.address)


def _sent(work: Work) -> Sent:
    func = None
    with suppress(Exception):  # one that uses nothing but its arguments crosses by its code
        func = pickle.dumps(work.func)
    return Sent(pickle.dumps(work.session), pickle.dumps(work.setup), pickle.dumps(work.teardown), func)


class Interpreter(Backend):
    """A pool of interpreters.

    :raises UsageError: where this Python has none
    """

    name = "interpreter"
    executor = "interpreter"
    simplicity = 4
    shares_gil = False
    in_process = True

    def __init__(self) -> None:
        if not is_available():
            raise UsageError(
                "backend 'interpreter' needs concurrent.futures.InterpreterPoolExecutor, which Python 3.14 and later "
                f"have: this is {platform.python_version()} ({sys.executable}). Run gilscope with a newer Python, "
                "measure under one (--python), or leave it out of --backends"
            )

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        for what, value in (("the function", work.func), ("the set-up", work.setup), ("the tear-down", work.teardown)):
            if problem := why_not(what, value):
                raise Refusal(problem)
        with _open_pool(work, configuration.workers) as (pool, workers):
            yield _InterpreterPool(pool, work, workers)
