"""Plain pools of the standard library, and task queues. Runs inside a cell's process."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.regret.cells import QUEUES, Cell
from benchmarks.regret.isolated import call_all, call_together, on_a_loop
from benchmarks.regret.workload import is_coroutine

__all__ = ["Function", "Opened", "Run", "open_executor"]

Function = Callable[[Any], Any]
Run = Callable[[Sequence[Any]], None]
"""Calls the function once with each item, and returns when all calls have."""
_local = threading.local()
_everyone: Any = None


@dataclass(frozen=True)
class Opened:
    """An executor, open."""

    warm: Callable[[], None]
    """Starts every worker and has it make a call; once, before the first run."""
    run: Run


class Barrier(Protocol):
    """What those of `threading` and of `multiprocessing` have in common."""

    def wait(self) -> int: ...


def open_executor(cell: Cell, function: Function, inputs: Sequence[Any]) -> AbstractContextManager[Opened]:
    """The executor of a cell; leaving the context ends its workers."""
    if cell.executor == "serial":
        return _loop(Cell("asyncio"), function, inputs) if is_coroutine(function) else _serial(cell, function, inputs)
    if cell.executor in QUEUES:
        from benchmarks.regret import engines  # which other cells do without

        return engines.OPEN[cell.executor](cell, function, inputs)
    return _OPEN[cell.executor](cell, function, inputs)


@contextmanager
def _serial(cell: Cell, function: Function, inputs: Sequence[Any]) -> Iterator[Opened]:  # noqa: ARG001
    def run(items: Sequence[Any]) -> None:
        for item in items:
            function(item)

    yield Opened(lambda: run(inputs[:1]), run)


@contextmanager
def _threads(cell: Cell, function: Function, inputs: Sequence[Any]) -> Iterator[Opened]:
    call = _plain(function)
    everyone = threading.Barrier(cell.workers)
    with ThreadPoolExecutor(cell.workers) as pool:
        yield Opened(
            lambda: _start(pool, call, _one_each(cell, inputs), everyone), lambda items: _drain(pool.map(call, items))
        )


@contextmanager
def _processes(cell: Cell, function: Function, inputs: Sequence[Any]) -> Iterator[Opened]:
    call = _plain(function)
    context = multiprocessing.get_context(cell.start_method or "spawn")
    with ProcessPoolExecutor(cell.workers, context, _remember, (context.Barrier(cell.workers),)) as pool:
        yield Opened(
            lambda: _start(pool, call, _one_each(cell, inputs)),
            lambda items: _drain(pool.map(call, items, chunksize=cell.chunksize)),
        )


@contextmanager
def _interpreters(cell: Cell, function: Function, inputs: Sequence[Any]) -> Iterator[Opened]:
    """Its ``map`` has no chunks: a chunk is a call with several items."""
    call = functools.partial(on_a_loop, function) if is_coroutine(function) else function
    pool: Executor = concurrent.futures.InterpreterPoolExecutor(cell.workers)  # type: ignore[attr-defined]
    with pool:
        yield Opened(
            lambda: _start_together(pool, call, _one_each(cell, inputs)),
            lambda items: _drain(pool.map(functools.partial(call_all, call), _chunks(items, cell.chunksize))),
        )


def _chunks(items: Sequence[Any], size: int) -> list[tuple[Any, ...]]:
    return [tuple(items[at : at + size]) for at in range(0, len(items), size)]


def _start_together(pool: Executor, call: Function, items: Sequence[Any]) -> None:
    """A first call of each worker; no barrier reaches into other interpreters, but the ends of a pipe do."""
    arrived, gate = os.pipe(), os.pipe()
    started = [pool.submit(call_together, arrived[1], gate[0], call, item) for item in items]
    for future in started:
        future.add_done_callback(lambda done: done.exception() and os.write(arrived[1], b"."))
    left = len(items)
    while left:
        left -= len(os.read(arrived[0], left))
    os.write(gate[1], b"." * len(items))
    for future in started:
        future.result()
    for end in (*arrived, *gate):
        os.close(end)


@contextmanager
def _loop(cell: Cell, function: Function, inputs: Sequence[Any]) -> Iterator[Opened]:
    async def work_off(items: Iterator[Any]) -> None:
        for item in items:
            await function(item)

    async def together(items: Sequence[Any]) -> None:
        left = iter(items)
        await asyncio.gather(*(work_off(left) for _ in range(cell.workers)))

    with asyncio.Runner() as runner:
        yield Opened(lambda: runner.run(together(_one_each(cell, inputs))), lambda items: runner.run(together(items)))


@contextmanager
def _betapool(cell: Cell, function: Function, inputs: Sequence[Any]) -> Iterator[Opened]:  # noqa: ARG001
    from betapool import AdaptiveThreadPoolExecutor

    call = _plain(function)
    with AdaptiveThreadPoolExecutor() as pool:
        yield Opened(lambda: _drain(pool.map(call, inputs)), lambda items: _drain(pool.map(call, items)))


_OPEN: dict[str, Callable[[Cell, Function, Sequence[Any]], AbstractContextManager[Opened]]] = {
    "thread": _threads,
    "process": _processes,
    "interpreter": _interpreters,
    "asyncio": _loop,
    "betapool": _betapool,
}


def _plain(function: Function) -> Function:
    """The function as a pool can call it: a coroutine function runs on a loop of its worker's own."""
    return functools.partial(_on_a_loop, function) if is_coroutine(function) else function


def _on_a_loop(function: Function, item: Any) -> Any:
    if not hasattr(_local, "runner"):
        _local.runner = asyncio.Runner()
    return _local.runner.run(function(item))


def _remember(everyone: Barrier) -> None:
    global _everyone
    _everyone = everyone


def _first_call(call: Function, item: Any, everyone: Barrier | None = None) -> None:
    """A worker's first: nobody takes two of these, for each waits until all workers have one."""
    (everyone or _everyone).wait()
    call(item)


def _start(pool: Executor, call: Function, items: Sequence[Any], everyone: Barrier | None = None) -> None:
    started = [pool.submit(_first_call, call, item, everyone) for item in items]
    for future in started:
        future.result()


def _one_each(cell: Cell, inputs: Sequence[Any]) -> list[Any]:
    """An item for each worker."""
    return [inputs[n % len(inputs)] for n in range(cell.workers)]


def _drain(results: Iterable[Any]) -> None:
    deque(results, maxlen=0)
