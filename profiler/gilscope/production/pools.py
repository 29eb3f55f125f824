"""How long calls wait for a thread of their pool before they begin: a probe waits with them.

Nobody notes when a call was handed to a pool, and to note it would take code in the place of the pool's own. So a few
times a second something is handed to the very pool, as anybody hands something to it: to read the clock. What it waits
is what a call waits that comes at that moment. That is done only while calls of measured functions run in the pool, and
it never makes a pool begin another thread: where one is free, or could be begun, nobody waits.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from gilscope.production.unavailable import tell

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from typing import TypeAlias

    from gilscope.production.cell import Cell
    from gilscope.production.cells import Cells

    _Owner: TypeAlias = ThreadPoolExecutor | AbstractEventLoop

__all__ = ["Pools"]

#: Probes of one pool that wait at a time, at most.
MOST_WAITING = 16
_Note = Callable[[int | None], None]


class Pools:
    """The pools that measured calls run in."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a destructor may make a thread's first call in the middle of another's
        self._pools: weakref.WeakKeyDictionary[_Owner, _Pool] = weakref.WeakKeyDictionary()

    def meet(self, function: Cells, cell: Cell) -> None:
        """The calling thread makes its first call of a function: it may be a pool's. The call is the user's, which
        nothing here may fail."""
        try:
            if (owner := _owner_of_this_thread()) is not None:
                with self._lock:
                    self._pools.setdefault(owner, _Pool(owner)).add(_Member(function, cell))
        except Exception as error:  # another version of that library
            tell("waiting for a thread of a pool is not measured", error)

    def probe(self) -> bool:
        """Send a probe to each pool in which calls were made since the last time, or are being made; whether there is
        any."""
        with self._lock:
            pools = list(self._pools.values())
        return sum(pool.probe() for pool in pools) > 0  # of each, whatever the others answer


class _Member:
    """A function in a thread of a pool."""

    def __init__(self, function: Cells, cell: Cell) -> None:
        self.function = function
        self.cell = cell
        self._calls = -1

    def worked(self) -> bool:
        """Whether it was in a call since it was last asked, or is in one."""
        before, self._calls = self._calls, self.cell.calls
        return self.cell.inside or self._calls != before


class _Pool:
    """One of them. Its owner is not kept alive: a pool's threads end with it."""

    def __init__(self, owner: _Owner) -> None:
        self._send = _executors_probe if isinstance(owner, ThreadPoolExecutor) else _anyios_probe
        self._owner = weakref.ref(owner)
        self._members: list[_Member] = []
        self._waiting = 0

    def add(self, member: _Member) -> None:
        self._members = [each for each in self._members if not each.cell.ended] + [member]

    def probe(self) -> bool:
        """Send one where there is reason to; whether there is."""
        owner, at_work = self._owner(), {member.function for member in self._members if member.worked()}
        if owner is None or not at_work or self._waiting >= MOST_WAITING:
            return bool(at_work)
        self._waiting += 1

        def note(nanoseconds: int | None) -> None:
            self._waiting -= 1
            if nanoseconds is not None:
                for function in at_work:
                    function.add_queue_wait(max(nanoseconds, 0))

        try:
            self._send(owner, note)
        except RuntimeError:  # it is shut down, or closed
            note(None)
        return True


def _executors_probe(pool: Any, note: _Note) -> None:
    """:raises RuntimeError: when it is shut down"""
    if pool._idle_semaphore._value == 0 and len(pool._threads) < pool._max_workers:
        note(0)  # a thread would be begun
        return
    handed_over = perf_counter_ns()

    def done(probe: Future[int]) -> None:
        note(None if probe.cancelled() or probe.exception() else probe.result() - handed_over)

    pool.submit(perf_counter_ns).add_done_callback(done)


def _anyios_probe(loop: Any, note: _Note) -> None:
    """Of the threads of anyio on one event loop: those that Starlette and FastAPI run in what is no coroutine.

    :raises RuntimeError: when it is closed
    """

    def begin() -> None:
        task = loop.create_task(_wait_for_a_thread(note))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    loop.call_soon_threadsafe(begin)


#: A loop does not keep its tasks alive.
_tasks: set[Task[None]] = set()


async def _wait_for_a_thread(note: _Note) -> None:
    from anyio import to_thread  # there are threads of its own, so it is there

    waited = None
    try:
        if to_thread.current_default_thread_limiter().available_tokens >= 1:
            waited = 0
        else:
            handed_over = perf_counter_ns()
            waited = await to_thread.run_sync(perf_counter_ns) - handed_over
    finally:
        note(waited)


def _owner_of_this_thread() -> _Owner | None:
    """The executor that the calling thread is one of the threads of, or anyio's event loop; None where it is neither's,
    or a class of its own kind."""
    frame: Any = sys._getframe()
    while frame is not None:
        code = frame.f_code
        if code.co_name == "_worker" and code.co_filename.endswith(_STANDARD):
            executor = frame.f_locals["executor_reference"]()
            return executor if type(executor) is ThreadPoolExecutor else None
        if code.co_qualname == "WorkerThread.run" and "anyio" in code.co_filename:
            loop: AbstractEventLoop = frame.f_locals["self"].loop
            return loop
        frame = frame.f_back
    return None


_STANDARD = os.path.join("concurrent", "futures", "thread.py")
