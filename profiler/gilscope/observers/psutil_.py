"""The ledger where ``/proc`` is not available: CPU seconds exact to the clock tick, blocked time undivided.

psutil tells how much CPU a thread used, and nothing of what it waited for. The splits stay unknown, and
blocked time includes the run queue.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Final

import psutil

from gilscope.observers.watch import Watched
from gilscope.records import Ledger
from gilscope.thread_address import ThreadAddress

__all__ = ["WHOLE_PROCESS", "PsutilObserver", "WorkerKey", "account", "snapshot"]

#: Process id and native thread id.
WorkerKey = tuple[int, int]

#: Stands for the thread where the threads of a process cannot be told apart.
WHOLE_PROCESS: Final = 0


class PsutilObserver:
    """Watches the workers of one trial like `gilscope.observers.watch.ProcObserver`, and samples nothing."""

    quality = None
    children_started = None

    def __init__(self, workers: Collection[ThreadAddress]) -> None:
        self._workers = frozenset((worker.pid, worker.tid) for worker in workers)

    def watch(self, wait: Callable[[float], bool]) -> Watched:
        before, began = snapshot(self._workers), time.perf_counter()
        while not wait(1.0):
            pass
        wall_s = time.perf_counter() - began
        return Watched(account(before, snapshot(self._workers), wall_s, self._workers))


def snapshot(workers: Collection[WorkerKey]) -> dict[WorkerKey, float]:
    """CPU seconds, user and system, of each worker until now.

    Where a platform hides threads or numbers them its own way, the process's total stands under ``(pid,
    WHOLE_PROCESS)``; it includes the threads that are not workers. A process that is gone or may not be
    read has no entry.
    """
    seconds: dict[WorkerKey, float] = {}
    for pid in {pid for pid, _ in workers}:
        threads = _of_threads(pid)
        found = {worker: threads[worker] for worker in workers if worker in threads}
        seconds |= found or _of_process(pid)
    return seconds


def _of_threads(pid: int) -> dict[WorkerKey, float]:
    try:
        return {(pid, thread.id): thread.user_time + thread.system_time for thread in psutil.Process(pid).threads()}
    except psutil.Error:  # refused, or gone: asking for the process's total tells which
        return {}


def _of_process(pid: int) -> dict[WorkerKey, float]:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return {}
    return {(pid, WHOLE_PROCESS): times.user + times.system}


def account(
    before: Mapping[WorkerKey, float],
    after: Mapping[WorkerKey, float],
    wall_s: float,
    workers: Collection[WorkerKey],
) -> Ledger | None:
    """The ledger of ``workers`` between two snapshots that lie ``wall_s`` seconds apart.

    Blocked is wall clock less CPU. CPU time advances in ticks (10 ms on Linux), so that a busy thread can
    show a tick more than the wall clock; CPU is then the wall clock, blocked is 0, and the sum holds. Workers
    that are not in both snapshots, or whose clock fell because another thread got their id, are left out,
    wall clock and all; None when that leaves nobody.
    """
    threads_of = Counter(pid for pid, _ in set(workers))
    cpu_s, total_s, threads = 0.0, 0.0, 0
    for key in sorted(key for key in before.keys() & after.keys() if after[key] >= before[key]):
        count = threads_of[key[0]] if key[1] == WHOLE_PROCESS else int(key in workers)
        cpu_s += min(after[key] - before[key], wall_s * count)
        total_s += wall_s * count  # summed like the CPU, so that rounding cannot put one above the other
        threads += count
    ledger = Ledger(wall_s=total_s, cpu_s=cpu_s, blocked_s=total_s - cpu_s, threads=threads)
    return ledger if threads else None
