"""What Dask's workers are asked to do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gilscope.backends.base import CallError, Calls, ChunkReport, Work
from gilscope.backends.calling import describe_error
from gilscope.backends.worker import current_worker, enter_worker, run_chunk
from gilscope.thread_address import ThreadAddress

__all__ = ["START_TIMEOUT_S", "Chunk", "enter", "find", "run", "set_up", "tear_down"]

START_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Chunk:
    """A chunk of calls, in which Dask does not look for tasks of its own, as it does in lists."""

    work: Work
    calls: Calls
    submitted_ns: int


def run(chunk: Chunk) -> tuple[ChunkReport, list[Any]]:
    """A task."""
    return run_chunk(chunk.work, chunk.calls, chunk.submitted_ns)


_everyone: threading.Barrier | None = None
_entered: list[Any] = []


def find(_func: Callable[..., Any]) -> None:
    """Has imported it, when it is called."""


def set_up(_session: Any, threads: int, setup: Callable[[], Any] | None) -> CallError | None:
    """Once in each worker process. ``_session`` has done its work when it is unpickled."""
    global _everyone
    _everyone = threading.Barrier(threads)
    return _called(setup)


def enter(observer_pid: int | None) -> ThreadAddress:
    """Once in each thread: none takes two of these tasks, for nobody goes on before everybody is there."""
    assert _everyone is not None, "before the set-up"
    _everyone.wait(START_TIMEOUT_S)
    _entered.append(current_worker())
    return enter_worker(observer_pid=observer_pid)


def tear_down(teardown: Callable[[], Any] | None) -> CallError | None:
    """Once in each worker process."""
    while _entered:
        _entered.pop().close()
    return _called(teardown)


def _called(hook: Callable[[], Any] | None) -> CallError | None:
    """What the user's own function raised, as text."""
    try:
        if hook is not None:
            hook()
    except BaseException as error:
        return describe_error(error)
    return None
