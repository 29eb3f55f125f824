"""From which thread the sampler has taken the CPU that it runs on.

It needs one itself. Where none was free it has put a thread into the run queue, which would have been seen running by
somebody who needs none. The kernel writes down when a thread last ran, by the clock of its CPU (``se.exec_start`` in
``/proc/PID/task/TID/sched``, proc_sched_show_task in kernel/sched/debug.c): of the thread that had to make way, that is
when the sampler was given the CPU.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from gilscope.observers.descriptor_limit import opened

__all__ = ["SCHED_BYTES", "STAT_BYTES", "LastRun", "OwnSchedule", "cpu_of", "last_run"]

SCHED_BYTES, STAT_BYTES = 1024, 1024
#: What a thread may have run before the sampler came without being the one that had to make way.
GRAIN_S = 50e-6


class LastRun(NamedTuple):
    """When a thread last ran, or until when one that is running has been seen to."""

    at_s: float
    """By the clock of its CPU."""
    run_s: float
    """How long it had run by then since it began."""


class OwnSchedule:
    """The calling thread's; it knows nothing where the kernel does not tell."""

    def __init__(self) -> None:
        self.asleep_run_s = 0.0
        """The CPU it had used when it was last about to wait."""
        self._own: LastRun | None = None
        self._open: dict[str, int] = {}
        with suppress(OSError):
            for name in ("sched", "stat"):
                self._open[name] = opened(f"/proc/thread-self/{name}")

    def sleep(self) -> None:
        """The thread is about to wait."""
        self._own = None
        self.asleep_run_s = time.thread_time()

    def wake(self) -> None:
        """It has waited, and runs since it was given a CPU."""
        if "stat" in self._open:
            self._own = last_run(os.pread(self._open["sched"], SCHED_BYTES, 0))

    def took_cpu_of(self, other: LastRun | None, other_cpu: Callable[[], int]) -> bool:
        """Whether a thread in the run queue had to make way for this one: it is in that of the same CPU, and ran until
        this one did.

        :param other_cpu: the number of the CPU in whose run queue it is
        """
        own = self._own
        if own is None or other is None:
            return False
        since_s = own.at_s - (own.run_s - self.asleep_run_s)
        return since_s - GRAIN_S <= other.at_s <= own.at_s and other_cpu() == self._cpu()

    def _cpu(self) -> int:
        return cpu_of(os.pread(self._open["stat"], STAT_BYTES, 0))

    def close(self) -> None:
        while self._open:
            os.close(self._open.popitem()[1])


def cpu_of(stat: bytes) -> int:
    """The number of the CPU that a thread is on, or in the run queue of (field 39 of proc_pid_stat(5))."""
    return int(stat.rpartition(b")")[2].split()[36])


def last_run(sched: bytes) -> LastRun | None:
    """From the contents of a sched file; None where it does not tell (in milliseconds, six places behind the point)."""
    at_s, run_s = _ms(sched, b"\nse.exec_start "), _ms(sched, b"\nse.sum_exec_runtime ")
    return None if at_s is None or run_s is None else LastRun(at_s / 1e3, run_s / 1e3)


def _ms(sched: bytes, name: bytes) -> float | None:
    at = sched.find(name)
    if at < 0:
        return None
    begin = sched.find(b":", at) + 1
    return float(sched[begin : sched.find(b"\n", begin)])
