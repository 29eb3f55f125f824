"""What runs in the workers of an executor that `gilscope.executors` made. It imports next to nothing: every worker does
so too."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

__all__ = ["Hook", "call_each", "limit_native_threads", "start_interpreter", "start_process"]

T = TypeVar("T")
#: A set-up or a tear-down.
Hook = Callable[[], Any] | None


def start_process(setup: Hook, teardown: Hook, native_threads: int, variables: Sequence[str]) -> None:
    """The initializer of a worker process."""
    for variable in variables:  # libraries that are imported from here on read them, and processes that it starts
        os.environ[variable] = str(native_threads)
    if variables:
        limit_native_threads(native_threads)
    if setup is not None:
        setup()
    if teardown is not None:
        from multiprocessing.util import Finalize

        Finalize(None, teardown, exitpriority=0)  # a worker process of a pool ends without its atexit functions


def start_interpreter(setup: Hook, teardown: Hook, folders: Sequence[str]) -> None:
    """The initializer of a worker that is an interpreter: it looks for modules where the caller does."""
    sys.path[:] = folders
    if setup is not None:
        setup()
    if teardown is not None:
        atexit.register(teardown)


def limit_native_threads(threads: int) -> Any:
    """Let libraries that are loaded compute in so many threads each (threadpoolctl); what undoes it."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(limits=threads)


def call_each(function: Callable[..., T], batch: Iterable[Sequence[Any]]) -> list[T]:
    """The results of calls with these arguments, in their order."""
    return [function(*arguments) for arguments in batch]
