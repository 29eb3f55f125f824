"""What a coroutine waits for when a step of it ends: the outside world, or work of its own program.

A step ends by yielding the future that will wake the coroutine. What will complete that future is told by what hangs on
it (an executor's future, a socket's callback) and by the coroutine in which the chain of awaits ends (`asyncio.sleep`,
a lock, a stream). Where neither tells it is unknown: nothing is guessed. Of a loop nothing is asked, so uvloop, whose
futures are asyncio's, is told as well; other libraries than asyncio's (trio) are not.
"""

from __future__ import annotations

import sys
from types import CoroutineType, GeneratorType

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

__all__ = ["KINDS", "OUTSIDE", "PROCESSES", "TASKS", "THREADS", "UNKNOWN", "awaited_kind"]

#: ``outside``: sockets, timers, pipes and processes that are no workers; ``threads``, ``processes``: an executor's;
#: ``tasks``: other tasks, locks and queues, or its turn on the loop.
KINDS = ("outside", "threads", "processes", "tasks", "unknown")
OUTSIDE, THREADS, PROCESSES, TASKS, UNKNOWN = range(len(KINDS))

#: More calls than this that a process pool has not finished are not searched for one: that would take too long.
_MOST_PENDING = 64
_INSTALLED = ("site-packages", "dist-packages")

#: Coroutines that tell what is awaited in them: the qualified name, the end of the file's name, and what it is.
_COROUTINES = (
    ("sleep", "asyncio/tasks.py", OUTSIDE),
    ("StreamReader._wait_for_data", "asyncio/streams.py", OUTSIDE),
    ("FlowControlMixin._drain_helper", "asyncio/streams.py", OUTSIDE),
    ("BaseEventLoop.getaddrinfo", "asyncio/base_events.py", OUTSIDE),  # in a thread, but for a name server
    ("BaseEventLoop.getnameinfo", "asyncio/base_events.py", OUTSIDE),
    ("BaseEventLoop._create_connection_transport", "asyncio/base_events.py", OUTSIDE),
    ("BaseSubprocessTransport._wait", "asyncio/base_subprocess.py", OUTSIDE),
    ("_UnixSelectorEventLoop._make_subprocess_transport", "asyncio/unix_events.py", OUTSIDE),
    ("SocketStream.receive", "anyio/_backends/_asyncio.py", OUTSIDE),
    ("SocketStream.send", "anyio/_backends/_asyncio.py", OUTSIDE),
    ("StreamReaderWrapper.receive", "anyio/_backends/_asyncio.py", OUTSIDE),
    ("AsyncIOBackend.run_sync_in_worker_thread", "anyio/_backends/_asyncio.py", THREADS),
    ("SyncToAsync.__call__", "asgiref/sync.py", THREADS),
    ("run_sync", "anyio/to_process.py", PROCESSES),
    ("_wait", "asyncio/tasks.py", TASKS),
    ("_cancel_and_wait", "asyncio/tasks.py", TASKS),
    ("as_completed.<locals>._wait_for_one", "asyncio/tasks.py", TASKS),
    ("_AsCompletedIterator._wait_for_one", "asyncio/tasks.py", TASKS),
    ("TaskGroup.__aexit__", "asyncio/taskgroups.py", TASKS),
    ("TaskGroup._aexit", "asyncio/taskgroups.py", TASKS),
    ("TaskGroup.__aexit__", "anyio/_backends/_asyncio.py", TASKS),
    ("Lock.acquire", "asyncio/locks.py", TASKS),
    ("Semaphore.acquire", "asyncio/locks.py", TASKS),
    ("Barrier._wait", "asyncio/locks.py", TASKS),
    ("Barrier._block", "asyncio/locks.py", TASKS),
    ("Queue.put", "asyncio/queues.py", TASKS),
    ("Queue.join", "asyncio/queues.py", TASKS),
)
#: Those that a protocol may end, too, when something arrives: of a library they tell nothing.
_ANYBODYS = (
    ("Event.wait", "asyncio/locks.py", TASKS),
    ("Condition.wait", "asyncio/locks.py", TASKS),
    ("Queue.get", "asyncio/queues.py", TASKS),
)


def _by_name(table: tuple[tuple[str, str, int], ...]) -> dict[str, tuple[tuple[str, int], ...]]:
    return {name: tuple((file, kind) for each, file, kind in table if each == name) for name, _, _ in table}


_TOLD, _TOLD_OF_USERS = _by_name(_COROUTINES), _by_name(_ANYBODYS)
_NAMES = frozenset({*_TOLD, *_TOLD_OF_USERS})


def awaited_kind(awaited: Any, made: Any) -> int:
    """What will wake a coroutine, as its place in `KINDS`.

    :param awaited: what the step yielded
    :param made: the coroutine, or what else was resumed
    """
    try:
        if awaited is None:  # asyncio.sleep(0): it lets the others have their turn
            return TASKS
        by_type = _by_type(awaited)
        if by_type is not None:
            return by_type
        by_coroutine = _by_coroutine(made)
        return by_coroutine if by_coroutine == OUTSIDE else _by_callbacks(awaited, by_coroutine)
    except Exception:  # another interpreter, or a library whose futures do not answer: the call goes on regardless
        return UNKNOWN


def _by_type(awaited: Any) -> int | None:
    if hasattr(awaited, "get_coro") or hasattr(awaited, "_children"):  # a task; asyncio.gather
        return TASKS
    if not hasattr(awaited, "_asyncio_future_blocking"):
        return UNKNOWN
    return OUTSIDE if type(awaited).__module__.startswith("uvloop") else None  # its sockets have futures of their own


def _by_callbacks(awaited: Any, otherwise: int) -> int:
    for entry in awaited._callbacks or ():
        callback = entry[0]
        name = getattr(getattr(callback, "func", callback), "__qualname__", "")
        if name == "_chain_future.<locals>._call_check_cancel":
            return _executors(callback)
        if name.endswith(("._sock_read_done", "._sock_write_done")):
            return OUTSIDE
    return otherwise


def _executors(callback: Any) -> int:
    """Threads or processes: those of the executor that completes the future which this callback would cancel."""
    source = callback.__closure__[callback.__code__.co_freevars.index("source")].cell_contents
    if type(source).__module__ != "concurrent.futures._base":
        return UNKNOWN  # another library's executor
    process = sys.modules.get("concurrent.futures.process")
    for manager in tuple(process._threads_wakeups) if process else ():  # of each pool that is alive
        pending = manager.pending_work_items
        if len(pending) > _MOST_PENDING:
            return UNKNOWN
        if any(item.future is source for item in tuple(pending.values())):
            return PROCESSES
    return THREADS


def _by_coroutine(made: Any) -> int:
    """By the innermost coroutine that tells. What a library awaits in a lock is what the library is about."""
    found, outer = UNKNOWN, ""
    while made is not None:
        kind = type(made)
        if kind is CoroutineType:
            code, inner = made.cr_code, made.cr_await
        elif kind is GeneratorType:
            code, inner = made.gi_code, made.gi_yieldfrom
        else:  # the steps of another call that is measured, or a future
            made = getattr(made, "_made", None)
            continue
        if code.co_qualname in _NAMES:
            told = _told(code, outer)
            if told != UNKNOWN and not (told == TASKS and found in (OUTSIDE, THREADS, PROCESSES)):
                found = told
        made, outer = inner, code.co_filename
    return found


def _told(code: CodeType, outer: str) -> int:
    """What this coroutine tells, which is awaited in that file."""
    own = not any(folder in outer for folder in _INSTALLED)
    for table in (_TOLD, _TOLD_OF_USERS) if own else (_TOLD,):
        for file, kind in table.get(code.co_qualname, ()):
            if code.co_filename.replace("\\", "/").endswith(file):
                return kind
    return UNKNOWN
