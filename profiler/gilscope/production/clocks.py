"""The clocks of the calling thread and of its process, read together.

A thread's CPU clock is a system call, and so are the process's and the file in which Linux tells how long the thread
was ready but given no CPU (the second field of /proc/thread-self/schedstat). Together they cost microseconds, which is
why not every call is measured with them.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from time import perf_counter_ns, process_time_ns, thread_time_ns

from gilscope.production.forks import after_fork

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from typing import TypeAlias

    #: Run queue (None where the kernel does not tell), process CPU, thread CPU, wall clock: nanoseconds.
    Reading: TypeAlias = tuple[int | None, int, int, int]
    #: Wall clock, the thread's CPU, its run queue, and the CPU of the process's other threads: nanoseconds.
    Spent: TypeAlias = tuple[int, int, int | None, int]

__all__ = ["alone", "be_apart", "begin", "cost_ns", "end", "gilscope_threads", "spent"]

_SCHEDSTAT = "/proc/thread-self/schedstat"
_local = threading.local()

#: Threads of gilscope's own in this process: they are not the program's.
gilscope_threads: set[int] = set()

_apart = False


def be_apart() -> None:
    """This is an interpreter with a GIL of its own, beside others: what else computes in the process are these."""
    global _apart
    _apart = True


def begin() -> Reading:
    """Read all clocks, the wall's last.

    The process's clock comes right before the thread's, here and in `end`, so that what reading them costs is the
    same in both of their differences.
    """
    queue = _runqueue_ns()
    return queue, process_time_ns(), thread_time_ns(), perf_counter_ns()


def end() -> Reading:
    """Read all clocks, the wall's first."""
    wall = perf_counter_ns()
    process, thread = process_time_ns(), thread_time_ns()
    return _runqueue_ns(), process, thread, wall


def spent(begun: Reading, ended: Reading) -> Spent:
    """What lies between two readings by the same thread; what reading the clocks costs is taken off.

    The CPU of other threads is a small difference of two large figures: of either sign, and right on average. Those of
    other interpreters do not count, as far as this one has no other thread: they hold another GIL.
    """
    wall = ended[3] - begun[3]
    counted = ended[2] - begun[2]
    cpu = min(max(counted - cost_ns()[1], 0), wall)
    queue = None if begun[0] is None or ended[0] is None else min(max(ended[0] - begun[0], 0), wall - cpu)
    others = 0 if _apart and threading.active_count() <= 1 else ended[1] - begun[1] - counted
    return wall, cpu, queue, others


def alone() -> bool:
    """Whether the program has no thread but the calling one, as far as Python knows: what else computes in this process
    was started by a library."""
    return not _apart and threading.active_count() - len(gilscope_threads) <= 1


@cache
def cost_ns() -> tuple[int, int]:
    """What measuring a call with all clocks adds to it, and how much of that its CPU time is too high by; measured when
    first asked for."""
    whole, counted = [], []
    for _ in range(5):
        started = perf_counter_ns()
        first, second = begin(), end()
        whole.append(perf_counter_ns() - started)
        counted.append(second[2] - first[2])
    return min(whole), min(counted)


@after_fork
def _forget() -> None:
    """The other threads are gone, and an open file still tells of the parent's thread."""
    gilscope_threads.clear()
    _local.__dict__.clear()


def _runqueue_ns() -> int | None:
    try:
        file: _File = _local.file
    except AttributeError:
        file = _local.file = _File()
    return file.runqueue_ns()


class _File:
    """The calling thread's schedstat, kept open: a file that is opened each time takes six times as long to read."""

    __slots__ = ("_descriptor", "_identity")

    def __init__(self) -> None:
        self._identity: tuple[int, int] | None = None
        try:
            self._descriptor = os.open(_SCHEDSTAT, os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, AttributeError):  # another system than Linux, or a kernel that does not keep it
            return
        self._identity = self._now()

    def runqueue_ns(self) -> int | None:
        if self._identity is None:
            return None
        try:
            return int(os.pread(self._descriptor, 100, 0).split()[1])
        except (OSError, ValueError, IndexError):  # closed by a program that closes all it does not know
            self._identity = None
            return None

    def _now(self) -> tuple[int, int] | None:
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def __del__(self) -> None:
        """When the thread ends. The number may be that of another file meanwhile."""
        if self._identity is not None and self._identity == self._now():
            os.close(self._descriptor)
