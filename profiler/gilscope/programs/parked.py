"""Which blocked threads wait for work rather than for something that their work needs: told by where in which library
they are blocked."""

from __future__ import annotations

from typing import Final

from gilscope.programs.moments import Frame, ThreadLook

__all__ = ["DEPTH", "is_parked"]

#: Calls that wait for somebody to come.
_ACCEPT: Final = frozenset({"accept", "accept4"})
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
        ("gunicorn/arbiter.py", "Arbiter.sleep"),
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
    return look.call in _ACCEPT or (look.stack is not None and _waits_for_work(look.stack))


def _waits_for_work(stack: tuple[Frame, ...]) -> bool:
    for frame in stack[:DEPTH]:
        path = frame.function.file
        if any(frame.function.name == name and _ends(path, end) for end, name in _PARKED):
            return True
        if not any(_ends(path, end) for end in _WAITING):
            return False
    return False


def _ends(path: str, end: str) -> bool:
    """Whether a path ends so, by whole names."""
    return path.endswith(end) and path[-len(end) - 1 : -len(end)] in ("", "/", "\\")
