"""One moment of the watched threads: the only thing that sampling yields.

The ledger's counts, the holds of the GIL, the timeline and the counts of functions are made of moments, each by a plain
class with ``see(moment)``; what else is to be told of samples is one more such class, and what more is to be seen of a
thread one more field of `ThreadSample`.
"""

from __future__ import annotations

from dataclasses import dataclass

from gilscope.observers.gil import Hold
from gilscope.observers.thread_files import Scheduled
from gilscope.thread_address import ThreadAddress

__all__ = ["InterpreterSample", "Moment", "ThreadSample"]


@dataclass(slots=True)
class ThreadSample:
    """One thread: blocked, or runnable and then, if it was asked, on a CPU or in the run queue."""

    thread: ThreadAddress
    wait: str | None
    """The state it is blocked in: ``gil_wait``, one of `gilscope.records.WAIT_STATES`, or ``idle`` outside any call.
    None of a runnable thread."""
    holds_gil: bool = False
    """Of a blocked thread by the holder that was read before it, of a runnable one by the holder read after it was
    asked; False of one that was not."""
    on_cpu: bool | None = None
    """Of a runnable thread; True of one that has made way for the sampler, too. None where it was not asked, or was put
    on or off a CPU meanwhile."""
    preempted: bool | None = None
    """Of one in the run queue: whether it was running until then, rather than woken or waiting for long
    (`gilscope.observers.thread_files.ThreadFiles.preempted`); None where that is not told."""
    stands_for: float = 1.0
    """Of a runnable thread that was asked: the runnable ones of the moment for each that was."""
    scheduled: Scheduled | None = None
    """Its times, of a thread whose timeline is wanted: read where it was asked, and at the first moment after that at
    which it was blocked."""
    functions: bytes = b""
    """What it published of the functions it is in, where that is read (`gilscope.observers.functions`)."""

    @property
    def state(self) -> str | None:
        """The state of the ledger it is in; with the GIL, the one it is or will be in on a CPU. None of a runnable
        thread of which no more is known."""
        if self.wait is not None or self.on_cpu is None:
            return self.wait
        return "cpu_gil" if self.holds_gil else "cpu_free" if self.on_cpu else "runqueue"


@dataclass(slots=True)
class InterpreterSample:
    """One interpreter: who held its GIL, and then its threads."""

    pid: int
    at_s: float
    """When the holder was read, by `time.perf_counter`."""
    hold: Hold
    threads: list[ThreadSample]
    gil: int = 0
    """Which GIL of its process that is."""

    @property
    def gil_wanted(self) -> bool:
        """Whether one of the threads waited for the GIL."""
        return "gil_wait" in [sample.wait for sample in self.threads]


@dataclass(slots=True)
class Moment:
    """What one moment showed of every interpreter that could be read."""

    interpreters: list[InterpreterSample]
    cpus_saturated: bool = False
    """Whether at least as many of the threads were runnable as there are CPUs."""
    slots: float = 1.0
    """How many moments at the rate asked for it stands for: more where the sampler took its time."""
    crowd: float = 1.0
    """The threads of which some were looked at, for each that was."""
