"""The threads of a process, as the kernel tells of them: what each waits for, whether it is on a CPU, what it has
used."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from gilscope.observers.own_schedule import OwnSchedule
from gilscope.observers.proc import contents
from gilscope.observers.syscalls import Blocked, Waiting, name_of, waiting_for
from gilscope.observers.thread_files import Scheduled, ThreadFiles, thread_files, thread_scheduled
from gilscope.programs.interpreters import PythonThread
from gilscope.programs.moments import Frame, PythonFunction
from gilscope.programs.seen import SeenThread
from gilscope.programs.stacks import MOST_FRAMES

__all__ = ["Seen", "ThreadWatch", "task_numbers", "waits_for"]

Wants = Callable[[int], int | None]
"""Which GIL is wanted by whom is blocked on the futex at an address; None when it is another lock."""

#: A thread that waits in ``_PyParkingLot_Park`` does so on a semaphore in its own stack, no farther from its end.
PARK_BYTES: Final = 4096
#: States of a thread in its stat file (proc_pid_stat(5)): what it waits for, as far as they tell; R is runnable.
STOPPED: Final = (b"T", b"t")
LETTERS: Final = {b"R": None, b"D": "disk", **dict.fromkeys(STOPPED, "stopped")}
THREADING: Final = "/threading.py"


class Seen:
    """What was seen of a thread at one moment, before it is told."""

    __slots__ = (
        "call", "gil", "lock_at", "on_cpu", "on_stack", "preempted", "running", "stack", "stands_for", "torn", "turn",
        "wait",
    )  # fmt: skip

    def __init__(self, wait: str | None, call: str | None = None) -> None:
        self.wait = wait
        self.call = call
        self.gil: int | None = None
        """The one that it waits for."""
        self.lock_at: int | None = None
        """The futex that it waits on, if it is no GIL's."""
        self.on_stack = False
        """Whether that is in its own stack."""
        self.on_cpu: bool | None = None
        self.preempted: bool | None = None
        self.stands_for = 1.0
        self.running: PythonThread | None = None
        """As which it runs Python, once its stack was read."""
        self.stack: tuple[Frame, ...] | None = None
        self.turn: int | None = None
        self.torn = False


class ThreadWatch:
    """One thread."""

    def __init__(self, pid: int, tid: int, now_s: float) -> None:
        self.pid = pid
        self.tid = tid
        self.python: tuple[PythonThread, ...] = ()
        """As the interpreters know it; one thread may run Python in several, one after the other."""
        self.interpreter: int | None = None
        """The number of the one that knows it, or did."""
        self._kernels_name = _name(pid, tid)
        self.python_name: str | None = None
        """The program's own name of it; None of one that has none, or was not asked yet."""
        self.is_named = False
        """Whether it was asked for."""
        self.began_in: PythonFunction | None = None
        self.ended = False
        self.kept: Seen | None = None
        """What was last seen of it, while it has not run since."""
        self._schedule = b""
        self._files: ThreadFiles | None = None
        self._first_s = self._last_s = now_s
        self._first = self._last = self._scheduled()

    @property
    def name(self) -> str:
        """The program's name of it, or the kernel's."""
        return self._kernels_name if self.python_name is None else self.python_name

    # ---- looking ----

    def look(self, resolve: Callable[[Waiting], str], wants: Wants, locks_known: bool) -> Seen:
        """Blocked in which state, or runnable.

        :raises OSError, ValueError: when it has ended, or may not be watched
        """
        files = self.open()
        schedule = files.schedule()
        if self.kept is not None and schedule and schedule == self._schedule:
            return self.kept  # it has not run since, and so waits where it did
        self._schedule, self.kept = schedule, None
        try:
            blocked = files.blocked()
        except PermissionError:
            return self._by_letter()
        if blocked is None:
            return Seen(None)
        self.kept = waits_for(blocked, resolve, wants, locks_known)
        return self.kept

    def _by_letter(self) -> Seen:
        """What is told of it without the permission to see its system call."""
        return Seen(LETTERS.get(self._letter(), "unknown"))

    def ask(self, seen: Seen, own: OwnSchedule) -> None:
        """Add to what was seen of a runnable thread whether it is on a CPU; one that has made way for the sampler
        counts as on it.

        :raises OSError, ValueError: when it has ended

        """
        files = self.open()
        seen.on_cpu = files.on_cpu()
        if seen.on_cpu is False:
            seen.preempted = files.preempted
            seen.on_cpu = own.took_cpu_of(files.last_run(), files.cpu)

    def is_stopped(self) -> bool:
        """Whether a signal or a debugger has stopped it."""
        return self._letter() in STOPPED

    def _letter(self) -> bytes:
        return contents(f"/proc/{self.pid}/task/{self.tid}/stat").rpartition(b")")[2].split()[0]

    # ---- files ----

    def open(self) -> ThreadFiles:
        """Its files, each open from when it is first read."""
        if self._files is None:
            self._files = thread_files(self.pid, self.tid, at_once=False)
        return self._files

    @property
    def open_files(self) -> int:
        """How many are open."""
        return 0 if self._files is None else self._files.open_files

    def close(self) -> None:
        """Close its files; the next look opens them again."""
        if self._files is not None:
            self._files.close()
            self._files = None

    # ---- totals ----

    def count(self) -> None:
        """Bring its totals up to date."""
        with suppress(OSError, ValueError):
            self._last = self._scheduled()
            self._last_s = time.monotonic()

    def _scheduled(self) -> Scheduled:
        return thread_scheduled(self.pid, self.tid) if self._files is None else self._files.scheduled()

    def seen(self) -> SeenThread:
        """It, so far."""
        spent = self._last - self._first
        return SeenThread(
            pid=self.pid,
            tid=self.tid,
            name=self.name,
            interpreter=self.interpreter,
            first_s=self._first_s,
            last_s=self._last_s,
            ended=self.ended,
            scheduled=spent,
            began_in=self.began_in,
        )

    def began(self, stack: Sequence[Frame]) -> None:
        """Its stack was read, for the first time or again."""
        if self.began_in is None and len(stack) < MOST_FRAMES:  # of a longer one the outermost are not told
            outwards = (frame.function for frame in reversed(stack))
            self.began_in = next((each for each in outwards if not each.file.endswith(THREADING)), None)


def waits_for(blocked: Blocked, resolve: Callable[[Waiting], str], wants: Wants, locks_known: bool) -> Seen:
    """What a thread in this system call waits for.

    :param resolve: the state of one whose call alone does not tell
    :param locks_known: whether all that wait for a GIL are told by ``wants``: else waiting for any lock may be that
    """
    waiting = waiting_for(blocked)
    seen = Seen(waiting.state, name_of(blocked))
    if waiting.ask == "futex":
        seen.gil = wants(waiting.value)
        seen.wait = "gil_wait" if seen.gil is not None else "lock" if locks_known else "unknown"
        if seen.gil is None:
            seen.lock_at = waiting.value
            seen.on_stack = 0 <= waiting.value - blocked.stack_pointer < PARK_BYTES
    elif waiting.ask:
        seen.wait = resolve(waiting)
    return seen


def _name(pid: int, tid: int) -> str:
    try:
        return contents(f"/proc/{pid}/task/{tid}/comm").decode(errors="replace").rstrip("\n")
    except OSError:
        return ""


def task_numbers(pid: int) -> set[int]:
    """The threads of a process, as the kernel lists them now.

    :raises OSError: when it is gone
    """
    return {int(name) for name in os.listdir(f"/proc/{pid}/task")}
