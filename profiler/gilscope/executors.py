"""Executors of the standard library, set as a recommendation says: workers, start method, chunksize, set-up, and how
many threads native libraries may have in each worker."""

from __future__ import annotations

import concurrent.futures
import importlib
import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from gilscope.errors import UsageError
from gilscope.pool_workers import Hook, call_each, limit_native_threads, start_interpreter, start_process

__all__ = ["Plan", "hook", "open_executor"]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """How an executor is set."""

    executor: str | None
    """``thread``, ``process`` or ``interpreter``; None calls in the caller's thread."""
    workers: int = 1
    chunksize: int = 1
    """Calls that `map` hands to a worker at once."""
    start_method: str | None = None
    """Of processes; None is spawn."""
    setup: Hook = None
    """Called once in every process or interpreter that makes calls, before the first."""
    teardown: Hook = None
    """Called once there after the last."""
    native_threads: int = 1
    """That native libraries may have in each worker."""
    native_variables: tuple[str, ...] = ()
    """What such libraries read when they are imported; without any, nothing is limited."""


def open_executor(plan: Plan) -> Executor:
    """The executor, to be used as a context.

    :raises UsageError: when there is none of that kind here
    """
    if plan.executor is None:
        return _Serial(plan)
    if plan.executor == "thread":
        return _Threads(plan)
    if plan.executor == "process":
        return _Processes(plan)
    if plan.executor == "interpreter":
        return _interpreters(plan)
    raise UsageError(f"{plan.executor!r} is no executor of the standard library")


def hook(name: str, which: str) -> Callable[[], Any]:
    """The set-up or tear-down that an analysis named, as in ``module:function``.

    :param which: what it is, and what it is called where it is given
    :raises UsageError: when it is not to be found by that name
    """
    module, _, path = name.partition(":")
    try:
        found: Callable[[], Any] = attrgetter(path)(_module(module))
    except Exception as error:
        raise UsageError(
            f"the {which} of the analysis was {name}, which cannot be imported here ({type(error).__name__}: {error}): "
            f"give it, as in make_executor({which}=...)"
        ) from error
    return found


def _module(name: str) -> Any:
    """A module that is running as the program is that one, and no second copy with variables of its own."""
    main = sys.modules["__main__"]
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    running = spec.name if spec is not None else Path(file).stem if file else None
    return main if name in (running, "__main__", "__mp_main__") else importlib.import_module(name)


class _Within(Executor):
    """Workers of this process: it is set up when the executor is made; what was done for it is undone when it is shut
    down and the last call has ended. Whoever does not wait for that (``wait=False``) shuts it down once more."""

    def _begin(self, plan: Plan, *, sets_up: bool = True) -> None:
        with ExitStack() as undo:
            if plan.native_variables:
                undo.callback(limit_native_threads(plan.native_threads).restore_original_limits)
            if sets_up and plan.setup is not None:
                plan.setup()
            if sets_up and plan.teardown is not None:
                undo.callback(plan.teardown)
            self._undo = undo.pop_all()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=wait, cancel_futures=cancel_futures)
        if wait:
            self._undo.close()


class _Serial(_Within):
    """Calls in the thread of the caller, when they are submitted."""

    def __init__(self, plan: Plan) -> None:
        self._begin(plan)
        self._is_shut = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if self._is_shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            result = fn(*args, **kwargs)
        except Exception as error:  # Ctrl-C and the like are the caller's, whose thread it is
            future.set_exception(error)
        else:
            future.set_result(result)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._is_shut = True
        super().shutdown(wait=wait, cancel_futures=cancel_futures)


class _Threads(_Within, ThreadPoolExecutor):
    def __init__(self, plan: Plan) -> None:
        self._begin(plan)
        # OpenMP has its limit for each thread.
        start = partial(limit_native_threads, plan.native_threads) if plan.native_variables else None
        super().__init__(plan.workers, initializer=start)


class _InChunks(Executor):
    """One that hands over as many calls at once as its plan says."""

    _plan: Plan

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int | None = None,
        **more: Any,
    ) -> Iterator[T]:
        """As of every executor; without a ``chunksize`` with the recommended one."""
        size = _chunksize(self._plan, iterables) if chunksize is None else chunksize
        return super().map(fn, *iterables, timeout=timeout, chunksize=size, **more)


class _Processes(_InChunks, ProcessPoolExecutor):
    def __init__(self, plan: Plan) -> None:
        start, context = None, multiprocessing.get_context(plan.start_method or "spawn")
        if plan.setup or plan.teardown or plan.native_variables:
            start = partial(start_process, plan.setup, plan.teardown, plan.native_threads, plan.native_variables)
        super().__init__(plan.workers, mp_context=context, initializer=start)
        self._plan = plan


class _Batches(Executor):
    """Chunks of an executor that would send each call alone."""

    def map(self, fn: Callable[..., T], *iterables: Iterable[Any], chunksize: int = 1, **more: Any) -> Iterator[T]:
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")  # as of a process pool
        if chunksize == 1:
            return super().map(fn, *iterables, **more)
        items = zip(*iterables, strict=False)
        batches = iter(lambda: list(islice(items, chunksize)), [])
        return chain.from_iterable(super().map(partial(call_each, fn), batches, **more))


def _interpreters(plan: Plan) -> Executor:
    base: Any = getattr(concurrent.futures, "InterpreterPoolExecutor", None)
    if base is None:
        here = ".".join(map(str, sys.version_info[:2]))
        raise UsageError(f"a pool of interpreters needs Python 3.14 or later, and this is {here}: make it there")

    class Interpreters(_InChunks, _Batches, _Within, base):  # type: ignore[misc]  # newer Pythons alone have it
        def __init__(self) -> None:
            self._begin(plan, sets_up=False)
            start = partial(start_interpreter, plan.setup, plan.teardown, (*sys.path,))
            super().__init__(plan.workers, initializer=start)
            self._plan = plan

    return Interpreters()


def _chunksize(plan: Plan, iterables: tuple[Iterable[Any], ...]) -> int:
    """As recommended, but no more than gives every worker something, where it is known how many items there are."""
    counts = [len(each) for each in iterables if isinstance(each, Sized)]
    return max(1, min(plan.chunksize, *(count // plan.workers for count in counts)) if counts else plan.chunksize)
