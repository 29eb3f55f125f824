"""One moment of one process of a program: the only thing that sampling it yields.

Everything that is told of a program (its account, who waits for whom, holds, functions, locks, the course of time) is
made of these by a plain class with ``see(moment)``, and of the exact totals of `gilscope.programs.seen`.

A moment is one process at one time; of a tree of processes, each has moments of its own. It stands for
`ProcessMoment.span_s` seconds of that process, and each look at a thread for `ThreadLook.weight` threads, so that
thread-seconds are ``span_s * weight``, added up. A stack begins with the innermost frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = ["SWITCH_INTERVAL_S", "THE_WORLD", "Frame", "GilLook", "ProcessMoment", "PythonFunction", "ThreadLook"]

#: What a thread waits for, in the place of a lock's address, that another has stopped together with all others, in a
#: build of Python without a GIL: to collect garbage, say.
THE_WORLD: Final = 0
#: The switch interval of a program that has not set another (``DEFAULT_INTERVAL`` in Python/ceval_gil.c).
SWITCH_INTERVAL_S: Final = 0.005


class PythonFunction(NamedTuple):
    """A function, as its code object names it: the same for two code objects made of the same source.

    The strings are the program's own, bounded in length, and harmless nowhere: whoever shows them must escape them.
    """

    name: str
    """Qualified, as in ``Pool.get``; ``<module>`` for a module's own code."""
    file: str
    first_line: int
    classified: str = ""
    """What `gilscope.classify` calls it; empty of one that is not known to be decorated."""

    @property
    def shown(self) -> str:
        """What people are told that it is called."""
        return self.classified or self.name


class Frame(NamedTuple):
    """A call of a function that has not returned. A tuple, as its function is: stacks are hashed all the time."""

    function: PythonFunction
    line: int | None
    """Where it is; None where its code does not tell."""


@dataclass(frozen=True, slots=True)
class ThreadLook:
    """One thread at the moment: blocked, or runnable and then, if it was asked, on a CPU or in the run queue.

    The fields from ``wait`` to ``stands_for`` are those of `gilscope.observers.moment.ThreadSample`, and are counted by
    the same `gilscope.observers.counts.Counts`.
    """

    tid: int
    """The kernel's number of it: with the process's, who it is (`gilscope.programs.seen.SeenThread`)."""
    gil: int | None
    """Which of the moment's GILs it runs under (an index into `ProcessMoment.gils`); None of a native thread, which
    Python does not know, and where it is not known."""
    wait: str | None
    """The state of the ledger it is blocked in: ``gil_wait``, or one of `gilscope.records.WAIT_STATES`; ``stopped`` of
    one that a signal or a debugger has stopped; ``unknown`` where what it waits for cannot be told (for the GIL or for
    a lock, with a C library whose locks are not known). None of a runnable thread."""
    holds_gil: bool = False
    on_cpu: bool | None = None
    """Of a runnable thread. None where it was not asked, or was put on or off a CPU meanwhile."""
    preempted: bool | None = None
    """Of one in the run queue: whether it was running until then; None where that is not told."""
    stands_for: float = 1.0
    """Of a runnable thread that was asked: the runnable ones looked at for each that was."""
    weight: float = 1.0
    """How many of the process's threads this look stands for: of a crowd, a few are looked at, by chance."""
    call: str | None = None
    """The system call it is blocked in, as ``futex`` or ``recvfrom``; ``page fault`` outside any; None of a runnable
    thread, and of a call whose number is not known."""
    lock: int | None = None
    """Of one blocked in ``lock``: the address of what it waits for, the same for all that wait for it. None where that
    is not told. `THE_WORLD` of one that waits until a stopped world goes on."""
    stack: tuple[Frame, ...] | None = None
    """Innermost first. Empty where it is in no Python code; None of a native thread, of one whose stack was not read at
    this moment, and of one that was torn (`torn`)."""
    turn: int | None = None
    """Of one that runs an event loop of asyncio's own: a number that changes whenever the loop goes round, so that a
    callback is told from the next. None where that is not told."""
    torn: bool = False
    """Whether its stack changed while it was read, and was dropped."""

    @property
    def state(self) -> str | None:
        """The state of the ledger it is in; with the GIL, the one it is or will be in on a CPU. None of a runnable
        thread of which no more is known."""
        if self.wait is not None or self.on_cpu is None:
            return self.wait
        return "cpu_gil" if self.holds_gil else "cpu_free" if self.on_cpu else "runqueue"


@dataclass(frozen=True, slots=True)
class GilLook:
    """One GIL at the moment. Interpreters that share one have one look.

    When the GIL changed hands while threads were looked at (`moved`), their states are as good as any, but who held it
    is not who held it when they were seen to wait: such a look tells nobody's blame.
    """

    interpreters: tuple[int, ...]
    """Numbers of the interpreters that run under it; 0 is the main one."""
    held: bool | None
    """None where its place is not known, or the process could not be read."""
    holder: ThreadLook | None = None
    """Who holds it, looked at at every moment, whether or not it is among the moment's threads: it is no fair sample of
    the threads, and its ``weight`` means nothing. None where nobody does, or the holder is not known (see ``held``)."""
    switches: int = 0
    """How often it has passed to another thread since the interpreter began: as long as it stays, nobody else had
    it."""
    moved: bool = False
    next_holder: int | None = None
    """Of one that moved: the number of the thread that had it once the threads had been looked at, which is that of the
    holder where it moved only after that. None where it is not known."""
    interval_s: float = SWITCH_INTERVAL_S
    """After which a thread that runs Python gives it to one that waits for it (`sys.setswitchinterval`)."""

    @property
    def holder_stack(self) -> tuple[Frame, ...] | None:
        """The stack of who holds it, if that is known."""
        return None if self.holder is None else self.holder.stack


@dataclass(frozen=True, slots=True)
class ProcessMoment:
    """One process at one time."""

    pid: int
    at_s: float
    """When its GILs were read, by `time.monotonic`."""
    span_s: float
    """Seconds of the process that this moment stands for: it lies at random in a slot of this length. What was missed
    (`gilscope.programs.sampler.ProgramSampler.quality`) is in nobody's span."""
    gils: tuple[GilLook, ...]
    """Empty of a process whose memory may not be read, or that is no Python: then states alone are told, none of them
    with the GIL."""
    threads: tuple[ThreadLook, ...]
    """Those looked at; with few, all of them."""
    threads_alive: int
    """How many there were, native ones included."""
    cpus_saturated: bool = False
    """Whether at least as many of the program's threads could run as there are CPUs."""
