"""The files of Linux's /proc that tell what one thread does.

They are read at every sample, and so kept open and read with `os.pread`. schedstat and the run-queue figures:
Documentation/scheduler/sched-stats.rst in the kernel's tree.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from gilscope.observers.descriptor_limit import opened
from gilscope.observers.own_schedule import SCHED_BYTES, LastRun, cpu_of, last_run
from gilscope.observers.proc import TICKS_PER_S, contents
from gilscope.observers.syscalls import Blocked, Waiting, parse, waiting_for

__all__ = [
    "ContextSwitches",
    "Scheduled",
    "ThreadFiles",
    "TickFiles",
    "UnreadableError",
    "context_switches",
    "keeps_scheduler_statistics",
    "thread_files",
    "thread_scheduled",
]

#: Enough for the status of a thread in few groups on a machine of few CPUs.
STATUS_BYTES = 8192
VOLUNTARY, INVOLUNTARY = b"\nvoluntary_ctxt_switches:", b"\nnonvoluntary_ctxt_switches:"


class UnreadableError(ValueError):
    """A file of /proc does not say what this kernel is expected to write there; for people."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A thread's time on a CPU and in the run queue since it began."""

    run_s: float
    runqueue_s: float | None
    """None where the kernel does not tell."""

    def __add__(self, other: Scheduled) -> Scheduled:
        known = self.runqueue_s is not None and other.runqueue_s is not None
        queued_s = (self.runqueue_s or 0.0) + (other.runqueue_s or 0.0)
        return Scheduled(self.run_s + other.run_s, queued_s if known else None)

    def __sub__(self, earlier: Scheduled) -> Scheduled:
        known = self.runqueue_s is not None and earlier.runqueue_s is not None
        queued_s = (self.runqueue_s or 0.0) - (earlier.runqueue_s or 0.0)
        return Scheduled(self.run_s - earlier.run_s, queued_s if known else None)


class ContextSwitches(NamedTuple):
    """How often a thread was taken off a CPU since it began."""

    voluntary: int
    """It waited."""
    involuntary: int
    """It could have gone on."""


class ThreadFiles:
    """The files of one thread.

    :param at_once: whether all are opened now, so that a refusal comes now; else each when it is first read
    :raises OSError: when the thread is gone or may not be watched
    """

    NAMES: tuple[str, ...] = ("schedstat", "syscall", "status")
    preempted: bool | None
    """Of a thread that `on_cpu` found off a CPU: whether it has been on one since it was asked before, and could have
    gone on when it was taken off; False of one that was woken. None where it was taken off in both ways: in which order
    is not told."""

    def __init__(self, pid: int, tid: int, at_once: bool = True) -> None:
        self._open: dict[str, int] = {}
        self._switches: ContextSwitches | None = None
        self.preempted = None
        self._has_sched = True
        self._folder = f"/proc/{pid}/task/{tid}"
        try:
            for name in self.NAMES if at_once else ():
                self._file(name)
        except OSError:
            self.close()
            raise
        if at_once:
            self.last_run()

    def _file(self, name: str) -> int:
        file = self._open.get(name)
        if file is None:
            file = self._open[name] = opened(f"{self._folder}/{name}")
        return file

    @property
    def open_files(self) -> int:
        """How many are open."""
        return len(self._open)

    def scheduled(self) -> Scheduled:
        """Exact, in the kernel's own nanoseconds."""
        run, waited, _ = _schedstat(os.pread(self._file("schedstat"), 100, 0))
        return Scheduled(run / 1e9, waited / 1e9)

    def schedule(self) -> bytes:
        """What is different once the thread has run again; empty where the kernel does not tell."""
        return os.pread(self._file("schedstat"), 100, 0)

    def blocked(self) -> Blocked | None:
        """The system call that the thread is blocked in; None while it is running or runnable."""
        return _parsed(os.pread(self._file("syscall"), 200, 0))

    def waiting(self) -> Waiting | None:
        """What the thread waits for; None while it is running or runnable."""
        return _understood(os.pread(self._file("syscall"), 200, 0))

    def on_cpu(self) -> bool | None:
        """Whether the thread is on a CPU rather than off it, waiting or in the run queue.

        It has been put on a CPU (schedstat's third field) once more than it was taken off one (both kinds of context
        switches together) exactly while it is on one. None when it changed between the two readings.
        """
        on = _schedstat(os.pread(self._file("schedstat"), 100, 0))[2]
        self.preempted, self._switches = self._compared(context_switches(self._status()))
        return {0: False, 1: True}.get(on - self._switches.voluntary - self._switches.involuntary)

    def last_run(self) -> LastRun | None:
        """When the thread last ran; None where this kernel does not tell."""
        if self._has_sched:
            try:
                return last_run(os.pread(self._file("sched"), SCHED_BYTES, 0))
            except FileNotFoundError:  # of kernels built without CONFIG_SCHED_DEBUG, and of threads that have ended
                self._has_sched = False
        return None

    def cpu(self) -> int:
        """The number of the CPU that it is on, or in the run queue of."""
        return cpu_of(contents(f"{self._folder}/stat"))

    def _compared(self, now: ContextSwitches) -> tuple[bool | None, ContextSwitches]:
        if self._switches is None:
            return None, now
        forced = now.involuntary > self._switches.involuntary
        waited = now.voluntary > self._switches.voluntary
        return (None if forced and waited else forced), now

    def _status(self) -> bytes:
        text = os.pread(self._file("status"), STATUS_BYTES, 0)
        while len(text) % STATUS_BYTES == 0 and (more := os.pread(self._file("status"), STATUS_BYTES, len(text))):
            text += more  # the groups of a thread, and the CPUs and memories of a machine, may be thousands
        return text

    def close(self) -> None:
        while self._open:
            os.close(self._open.popitem()[1])


class TickFiles(ThreadFiles):
    """The files of one thread where the kernel keeps no scheduler statistics (built without CONFIG_SCHED_INFO): its
    CPU time is told in ticks, and whether a runnable thread is on a CPU is not."""

    NAMES = ("stat", "syscall")

    def schedule(self) -> bytes:
        return b""

    def scheduled(self) -> Scheduled:
        return Scheduled(_ticks_s(os.pread(self._file("stat"), 1024, 0)), None)

    def on_cpu(self) -> bool | None:
        """Taken for it: that it could run is all that is known."""
        return True


def thread_files(pid: int, tid: int, at_once: bool = True) -> ThreadFiles:
    """The files of a thread that this kernel has.

    :param at_once: whether all are opened now, so that a refusal comes now; else each when it is first read
    :raises OSError: when the thread is gone or may not be watched
    """
    kind = ThreadFiles if keeps_scheduler_statistics() else TickFiles
    return kind(pid, tid, at_once)


@cache
def keeps_scheduler_statistics() -> bool:
    """Whether this kernel tells how long threads were on a CPU and in the run queue: without CONFIG_SCHED_INFO the file
    is missing or all zero (proc_pid_schedstat in fs/proc/base.c)."""
    try:
        return any(_schedstat(contents("/proc/self/schedstat")))
    except OSError:
        return False


def context_switches(status: bytes) -> ContextSwitches:
    """From the contents of a status file. What comes behind them depends on the kernel and the machine.

    :raises UnreadableError: where they are not told
    """
    first = status.rfind(VOLUNTARY)
    second = status.find(INVOLUNTARY, first + 1)
    if first < 0 or second < 0:
        raise UnreadableError("/proc/PID/status tells no context switches")
    rest = status[second + len(INVOLUNTARY) :]
    return ContextSwitches(int(status[first + len(VOLUNTARY) : second]), int(rest.partition(b"\n")[0]))


def thread_scheduled(pid: int, tid: int) -> Scheduled:
    """A thread's times until now.

    :raises OSError: when the thread is gone
    """
    if keeps_scheduler_statistics():
        run, waited, _ = _schedstat(contents(f"/proc/{pid}/task/{tid}/schedstat"))
        return Scheduled(run / 1e9, waited / 1e9)
    return Scheduled(_ticks_s(contents(f"/proc/{pid}/task/{tid}/stat")), None)


def _schedstat(text: bytes) -> tuple[int, int, int]:
    fields = text.split()
    if len(fields) != 3:
        raise UnreadableError(f"/proc/PID/schedstat has {len(fields)} fields, not 3")
    return int(fields[0]), int(fields[1]), int(fields[2])


def _ticks_s(stat: bytes) -> float:
    """User and system time (fields 14 and 15); the second field, the name in brackets, may hold any."""
    fields = stat.rpartition(b")")[2].split()
    if len(fields) < 13:
        raise UnreadableError(f"/proc/PID/stat has {len(fields)} fields behind the name")
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


_parsed = lru_cache(maxsize=1024)(parse)  # a program waits in few places, with the same arguments again and again


@lru_cache(maxsize=1024)
def _understood(text: bytes) -> Waiting | None:
    blocked = parse(text)
    return None if blocked is None else waiting_for(blocked)
