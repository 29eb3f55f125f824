"""The processes of a program: the one that it began with and all that these start, through fork, spawn and exec."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from gilscope.errors import AttachError
from gilscope.observers.proc import child_processes, is_zombie, process_cpu_s
from gilscope.programs.process import ProgramProcess, command_of
from gilscope.programs.refusals import NoSuchProcessError, NotPythonError, UnreadableInterpreterError
from gilscope.programs.seen import SeenProcess

__all__ = ["ProcessTree"]

#: How often processes and their threads are looked for, at most; less often where either would take more than this
#: share of the time, beside what reading a new process takes.
SCAN_S: Final = 0.2
SCAN_SHARE: Final = 0.005
#: A process that was started or has begun to run a program is tried again for so long, so often: its interpreter
#: is not loaded at once.
STARTING_S: Final = 5.0
RETRY_S: Final = 0.02
#: Processes that are followed.
MOST_PROCESSES: Final = 1000
TOO_SHORT: Final = "process {} ended before its interpreter could be looked into"


class _Unread:
    """A process that is not looked into: it is no Python, or may not be."""

    def __init__(self, pid: int, parent: int) -> None:
        self.pid = pid
        self.parent = parent
        self.why = ""
        self._program = ""
        self._program_since_s = time.monotonic()
        self._may_start = False
        self._first_s = self._last_s = time.monotonic()
        self._command = command_of(pid)
        self._first_cpu_s = self._last_cpu_s = _cpu_s(pid) or 0.0

    @property
    def is_starting(self) -> bool:
        """Whether it may be looked into soon."""
        return self._may_start and time.monotonic() - self._program_since_s < STARTING_S

    @property
    def runs_another_program(self) -> bool:
        return _program(self.pid) != self._program

    def refused(self, error: AttachError) -> None:
        """It was tried."""
        self.why = str(error)
        self._may_start = isinstance(error, NotPythonError | UnreadableInterpreterError | NoSuchProcessError)
        if self.runs_another_program:
            self._program, self._program_since_s = _program(self.pid), time.monotonic()
            self._command = command_of(self.pid)

    def count(self) -> None:
        """Bring its totals up to date."""
        cpu_s = _cpu_s(self.pid)
        if cpu_s is not None:
            self._last_cpu_s, self._last_s = cpu_s, time.monotonic()

    def seen(self) -> SeenProcess:
        spent_s = self._last_cpu_s - self._first_cpu_s
        ended = is_zombie(self.pid)
        why = TOO_SHORT.format(self.pid) if ended and self._was_starting else self.why
        return SeenProcess(self.pid, self.parent, self._command, None, why, self._first_s, self._last_s, ended, spent_s)

    @property
    def _was_starting(self) -> bool:
        """Whether it may have been a Python whose interpreter had not begun, when it was last looked at."""
        name = os.path.basename(self._program)
        young = self._last_s - self._program_since_s < STARTING_S
        return self._may_start and young and (not name or "python" in name)


class ProcessTree:
    """The processes of one program.

    :param follow: whether those that it starts belong to it
    :param just_started: whether the first is only starting: that it cannot be seen into yet is no refusal
    :param memory: whether their memory is read; without, only what the kernel tells is told, of any process
    :raises AttachError: when the first cannot be seen into
    """

    def __init__(
        self, pid: int, rng: random.Random, follow: bool = True, just_started: bool = False, memory: bool = True
    ) -> None:
        self._rng = rng
        self._memory = memory
        self._follow = follow
        self.sampled: dict[int, ProgramProcess] = {}
        self._unread: dict[int, _Unread] = {}
        self._past: list[SeenProcess] = []
        self._parents = {pid: 0}
        self._due_s = 0.0
        self._rescan_s: dict[int, float] = {}
        self.torn = 0
        """Stacks that were dropped in processes that have ended."""
        self._retry_due_s = 0.0
        if just_started:
            self._attach(pid)
        else:
            self.sampled[pid] = ProgramProcess(pid, 0, rng, memory)

    @property
    def ended(self) -> bool:
        """Whether none of its processes is there any more."""
        return not self.sampled and not self._unread

    def scan(self) -> None:
        """Look for processes that have come and gone, and for their threads, as often as that may be done."""
        now_s = time.monotonic()
        for process in list(self.sampled.values()):
            if now_s >= self._rescan_s.get(process.pid, process.began_s + SCAN_S):
                self._rescan(process)
        if now_s >= self._retry_due_s:
            for unread in [unread for unread in self._unread.values() if unread.is_starting]:
                self._attach(unread.pid)
            self._retry_due_s = time.monotonic() + RETRY_S
        if now_s >= self._due_s:
            found = self._find()
            self._due_s = _next_s(now_s)
            for pid in found:
                self._attach(pid)

    def _rescan(self, process: ProgramProcess) -> None:
        began_s = time.monotonic()
        try:
            process.rescan()
        except OSError:
            if not process.is_readable():  # else only the list of threads changed whenever it was read
                self.lost(process)
        self._rescan_s[process.pid] = _next_s(began_s, len(self.sampled))

    def lost(self, process: ProgramProcess) -> None:
        """It could not be read: it has ended, or runs another program since."""
        process.count()
        self._past.append(process.seen())
        self.torn += process.torn
        process.close()
        self.sampled.pop(process.pid, None)
        self._rescan_s.pop(process.pid, None)
        if not is_zombie(process.pid):
            self._attach(process.pid)

    def _find(self) -> list[int]:
        """Processes to be looked into: new ones, and those that run another program."""
        found = []
        for unread in list(self._unread.values()):
            unread.count()
            if is_zombie(unread.pid):
                self._past.append(self._unread.pop(unread.pid).seen())
            elif unread.runs_another_program:
                found.append(unread.pid)
        for pid in list(self.sampled):
            if is_zombie(pid):
                self.lost(self.sampled[pid])
        if self._follow:
            for parent, pid in list(self._children()):
                self._parents[pid] = parent
                found.append(pid)
        return found

    def _children(self) -> Iterator[tuple[int, int]]:
        """Processes that are not known yet, each with its parent."""
        ask = [*self.sampled, *self._unread]
        known = {*ask, os.getpid()}
        while ask and len(known) < MOST_PROCESSES:
            parent = ask.pop()
            for pid in sorted(child_processes(parent) - known):
                if not is_zombie(pid):
                    known.add(pid)
                    ask.append(pid)
                    yield parent, pid

    def _attach(self, pid: int) -> None:
        unread = self._unread.pop(pid, None)
        try:
            self.sampled[pid] = ProgramProcess(pid, self._parents[pid], self._rng, self._memory)
        except AttachError as error:
            if not is_zombie(pid) or self._parents[pid] == 0:  # of the first it is told in any case
                self._unread[pid] = unread or _Unread(pid, self._parents[pid])
                self._unread[pid].refused(error)

    def finish(self) -> None:
        """Bring the totals up to date."""
        for process in self.sampled.values():
            process.count()
        for unread in self._unread.values():
            unread.count()

    def forget(self, until_s: float) -> None:
        """Forget the processes and threads that had ended by then."""
        self._past = [process for process in self._past if process.last_s > until_s]
        for process in self.sampled.values():
            process.ended.forget(until_s)

    def seen(self) -> tuple[SeenProcess, ...]:
        """All of them, those that have ended first."""
        sampled = [process.seen() for process in self.sampled.values()]
        return (*self._past, *sampled, *(unread.seen() for unread in self._unread.values()))

    def close(self) -> None:
        for process in self.sampled.values():
            process.close()


def _next_s(began_s: float, times: int = 1) -> float:
    """When to do again what has just been done, and is done so many times in turn."""
    now_s = time.monotonic()
    return now_s + max(SCAN_S, times * (now_s - began_s) / SCAN_SHARE)


def _program(pid: int) -> str:
    """Which program it runs."""
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/exe")
    return ""


def _cpu_s(pid: int) -> float | None:
    with suppress(OSError):
        return process_cpu_s(pid)
    return None
