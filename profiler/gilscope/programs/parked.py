"""Which blocked threads wait for work rather than for something that their work needs: told by where in which library
they are blocked. Pure, but for what it remembers."""

from __future__ import annotations

from typing import Final

from gilscope.programs.moments import Frame, ThreadLook
from gilscope.programs.places import is_runner

__all__ = ["DEPTH", "is_parked"]

#: Calls that wait for somebody to come, or for a signal.
_ACCEPT: Final = frozenset({"accept", "accept4", "pause", "rt_sigsuspend", "rt_sigtimedwait"})
#: Calls that wait for whatever happens first.
_EVENTS: Final = frozenset({"epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6"})
#: Calls that wait for the next message, from a pipe.
_MESSAGES: Final = frozenset({"read", "readv"})
#: Where what waits for another thread's word does so.
_CONDITIONS: Final = "threading.py"
_MOST_KNOWN: Final = 4_000
Stack = tuple[Frame, ...]
_known: dict[tuple[int, str | None, str | None], tuple[Stack, bool]] = {}
#: Frames looked at from the innermost on: what waits for work is called by little.
DEPTH: Final = 8
#: Functions in which a thread waits for something to do, or for its own threads to have done it, by the end of the
#: file's path. What they call in order to wait stands further in.
_PARKED: Final = frozenset(
    {
        ("concurrent/futures/thread.py", "_worker"),
        ("concurrent/futures/process.py", "_process_worker"),
        ("concurrent/futures/process.py", "_ExecutorManagerThread.wait_result_broken_or_wakeup"),
        ("concurrent/futures/_base.py", "Future.result"),
        ("concurrent/futures/_base.py", "as_completed"),
        ("concurrent/futures/_base.py", "wait"),
        ("multiprocessing/pool.py", "worker"),
        ("multiprocessing/pool.py", "Pool._handle_workers"),
        ("multiprocessing/pool.py", "Pool._handle_tasks"),
        ("multiprocessing/pool.py", "Pool._handle_results"),
        ("multiprocessing/pool.py", "ApplyResult.wait"),
        ("multiprocessing/queues.py", "Queue._feed"),
        ("multiprocessing/forkserver.py", "main"),
        ("multiprocessing/resource_tracker.py", "main"),
        ("multiprocessing/process.py", "BaseProcess.join"),
        ("queue.py", "Queue.get"),
        ("threading.py", "Thread.join"),
        ("threading.py", "_shutdown"),
        ("socketserver.py", "BaseServer.serve_forever"),
        ("anyio/_backends/_asyncio.py", "WorkerThread.run"),
        ("distributed/utils.py", "sync.<locals>.wait"),
        ("gunicorn/arbiter.py", "Arbiter.sleep"),
        ("gunicorn/arbiter.py", "Arbiter.wait_for_signals"),
        ("gunicorn/workers/sync.py", "SyncWorker.wait"),
        ("gunicorn/workers/gthread.py", "ThreadWorker.run"),
        ("kombu/asynchronous/hub.py", "Hub.create_loop"),
        ("billiard/pool.py", "Worker.wait_for_job"),
        ("asyncio/base_events.py", "BaseEventLoop._run_once"),
        ("asyncio/runners.py", "Runner.run"),  # of loops that are no Python, as uvloop's
        ("trio/_core/_io_epoll.py", "EpollIOManager.get_events"),
    }
)
#: What such a function may call and still wait for work; anything else that stands above it is work.
_WAITING: Final = frozenset(
    {
        "threading.py",
        "queue.py",
        "selectors.py",
        "multiprocessing/synchronize.py",
        "multiprocessing/connection.py",
        "multiprocessing/queues.py",
        "multiprocessing/popen_fork.py",
        "multiprocessing/popen_spawn_posix.py",
        "multiprocessing/popen_forkserver.py",
        "concurrent/futures/_base.py",
        "kombu/utils/eventio.py",
        "billiard/connection.py",
        "billiard/queues.py",
        "billiard/synchronize.py",
    }
)


def is_parked(look: ThreadLook) -> bool:
    """Whether a thread is blocked because it has nothing to do."""
    if look.wait is None or look.wait == "gil_wait" or look.holds_gil:
        return False
    return look.call in _ACCEPT or (look.stack is not None and _rests(look, look.stack))


def _rests(look: ThreadLook, stack: Stack) -> bool:
    """Remembered by the stack object's own number: a thread that does not run keeps it from moment to moment."""
    key = id(stack), look.wait, look.call
    known = _known.get(key)
    if known is not None and known[0] is stack:
        return known[1]
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    rests = _waits_for_work(stack) or _waits_for_events(look, stack)
    _known[key] = stack, rests
    return rests


def _waits_for_work(stack: Stack) -> bool:
    for frame in stack[:DEPTH]:
        path = frame.function.file
        if any(frame.function.name == name and _ends(path, end) for end, name in _PARKED):
            return True
        if not any(_ends(path, end) for end in _WAITING):
            return False
    return False


def _waits_for_events(look: ThreadLook, stack: Stack) -> bool:
    """Whether it is a thread of what runs the program, with none of the program's code in it, that waits for whatever
    comes: a loop's, a timer's, one that listens to its parent. What it does on the program's behalf, as receiving an
    answer from a socket or waiting for a file, is work all the same."""
    waits = (
        look.wait == "sleep"
        or look.call in _EVENTS
        or (look.call in _MESSAGES and look.wait == "other")
        or (look.wait == "lock" and bool(stack) and _ends(stack[0].function.file, _CONDITIONS))
    )
    return waits and bool(stack) and all(is_runner(frame.function.file) for frame in _without_spawn(stack))


def _without_spawn(stack: Stack) -> Stack:
    """Without the command that `multiprocessing` gives a process that it starts: it is nobody's code."""
    spawned = (
        len(stack) > 1 and stack[-1].function.file == "<string>" and "/multiprocessing/" in stack[-2].function.file
    )
    return stack[:-1] if spawned else stack


def _ends(path: str, end: str) -> bool:
    """Whether a path ends so, by whole names."""
    return path.endswith(end) and path[-len(end) - 1 : -len(end)] in ("", "/", "\\")
