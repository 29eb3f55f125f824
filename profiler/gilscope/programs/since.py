"""How long threads have not run: for how long they have been blocked.

The kernel writes down when a thread last ran by the clock of its CPU, which may be hours off that of another CPU. So
the time is asked for on the same CPU: the calling thread moves there for a moment.
"""

from __future__ import annotations

import os
from contextlib import suppress

from gilscope.observers.own_schedule import SCHED_BYTES, last_run
from gilscope.observers.proc import contents
from gilscope.observers.thread_files import ThreadFiles

__all__ = ["CpuClocks"]


class CpuClocks:
    """The time on each CPU, asked for once."""

    def __init__(self) -> None:
        self._now_s: dict[int, float | None] = {}

    def idle_s(self, files: ThreadFiles) -> float | None:
        """Seconds since a thread that is blocked last ran; None where this kernel does not tell.

        :raises OSError, ValueError: when it has ended
        """
        ran = files.last_run()
        if ran is None:
            return None
        now_s = self._at(files.cpu())
        return None if now_s is None else max(0.0, now_s - ran.at_s)

    def _at(self, cpu: int) -> float | None:
        if cpu not in self._now_s:
            self._now_s[cpu] = _now_on(cpu)
        return self._now_s[cpu]


def _now_on(cpu: int) -> float | None:
    """The time by the clock of a CPU; None where this thread may not run there."""
    usable = os.sched_getaffinity(0)
    with suppress(OSError, ValueError):
        os.sched_setaffinity(0, {cpu})
        try:
            run = last_run(contents("/proc/thread-self/sched")[:SCHED_BYTES])
            return None if run is None else run.at_s
        finally:
            os.sched_setaffinity(0, usable)
    return None
