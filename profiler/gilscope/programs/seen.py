"""What was seen of a program altogether: its processes and threads, those that have ended too, with exact totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gilscope.observers.thread_files import Scheduled
from gilscope.programs.moments import PythonFunction

__all__ = ["SeenProcess", "SeenThread"]


@dataclass(frozen=True, slots=True)
class SeenThread:
    """A thread, from when it was first seen until it was last; or many of a kind that have ended."""

    pid: int
    tid: int
    """Below 0 of many: no thread's."""
    name: str
    """That of its `threading.Thread`; the kernel's, of 15 bytes at most, of one that has none."""
    interpreter: int | None
    """The number of the one that it runs Python in; None of a native thread, which Python does not know."""
    first_s: float
    """When it was first seen, by `time.monotonic`: since then it is accounted for."""
    last_s: float
    ended: bool
    scheduled: Scheduled
    """CPU and run-queue time from ``first_s`` to ``last_s``, by the kernel."""
    began_in: PythonFunction | None = None
    """The outermost function that was seen on its stack, those of `threading` left out: what it was started for. None
    of one whose stack was not read."""
    threads: int = 1
    """How many: of more, the name is that of one, and times are those of all together."""
    alive_s: float | None = None
    """Of many, thread-seconds from when each was first seen until it was last."""

    @property
    def wall_s(self) -> float:
        return self.last_s - self.first_s if self.alive_s is None else self.alive_s


@dataclass(frozen=True, slots=True)
class SeenProcess:
    """A process of the program, from when it was first seen until it was last."""

    pid: int
    parent: int
    """The process that started it; 0 of the first."""
    command: tuple[str, ...]
    """Its command line when it was last looked at."""
    python: tuple[int, int, int] | None
    """The version of its interpreter; None where it is no CPython, or could not be read."""
    unread: str
    """Why its GIL and its stacks could not be read, for people; empty where they were."""
    first_s: float
    last_s: float
    ended: bool
    cpu_s: float
    """From ``first_s`` to ``last_s``, by the kernel, threads that have ended included."""
    unknown_states: frozenset[str] = frozenset()
    """States of the ledger that cannot be told of it (`gilscope.observers.untold`)."""
    threads: tuple[SeenThread, ...] = ()
    """None of a process that could not be looked into."""
    gil_enabled: bool = True
    """Whether threads needed a GIL to run Python, when it was last looked at: a build that can do without one may have
    it enabled."""
    lock_owners: Mapping[int, str] = field(default_factory=dict)
    """In a build without a GIL, by the address of a lock: the type of the object whose own it is."""

    @property
    def short_lived_cpu_s(self) -> float:
        """Of threads that came and went between two looks at which there are: the kernel's total has it."""
        return max(0.0, self.cpu_s - sum(thread.scheduled.run_s for thread in self.threads)) if self.threads else 0.0
