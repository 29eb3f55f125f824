"""One look at a process, at once: for freezes."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from gilscope.observers.gil import Hold
from gilscope.observers.own_schedule import OwnSchedule
from gilscope.programs.moments import GilLook, PythonFunction, ThreadLook
from gilscope.programs.process import ProgramProcess
from gilscope.programs.refusals import refused
from gilscope.programs.since import CpuClocks

__all__ = ["DumpedGil", "DumpedThread", "ProcessDump", "dump"]

#: For how long the GIL is watched, and how often it is looked at meanwhile.
WATCH_S: Final = 0.05
LOOKS: Final = 20
#: Threads that are looked at.
MOST_THREADS: Final = 1000


@dataclass(frozen=True, slots=True)
class DumpedThread:
    """A thread, and since when it has been so."""

    look: ThreadLook
    name: str
    """That of its `threading.Thread`; the kernel's of one that has none."""
    began_in: PythonFunction | None
    """What it was started for: the outermost function on its stack, those of `threading` left out."""
    interpreter: int | None
    """The number of the one that it runs Python in; None of a native thread, which Python does not know."""
    blocked_s: float | None
    """How long it has not run, of one that is blocked; None where that is not told."""


@dataclass(frozen=True, slots=True)
class DumpedGil:
    """A GIL, and what it was seen to do while it was watched."""

    look: GilLook
    """At the end."""
    held_looks: int
    """Of `ProcessDump.looks`."""
    switches: int
    """How often it passed to another thread meanwhile."""
    held_s: float | None
    """For how long its holder has had it at least, without another thread in between: as long as it was watched, or
    since it was blocked with it. None of a GIL that is free, or passed on meanwhile."""


@dataclass(frozen=True, slots=True)
class ProcessDump:
    """What one look at a process showed."""

    pid: int
    command: tuple[str, ...]
    python: tuple[int, int, int] | None
    """The version; None where its memory was not read."""
    watched_s: float
    looks: int
    gils: tuple[DumpedGil, ...]
    threads: tuple[DumpedThread, ...]
    """Who holds a GIL first, then who waits for one, then all others, in the order in which they began."""
    threads_alive: int
    """All of them; of a crowd, some were looked at."""
    waiters_known: bool
    """Whether every thread that waits for a GIL could be told from one that waits for a lock."""
    gil_enabled: bool = True
    """Whether threads need a GIL to run Python."""


def dump(pid: int, memory: bool = True) -> ProcessDump:
    """One look at a process.

    :param memory: whether its memory is read; without, only what the kernel tells is told, of any process
    :raises AttachError: when it cannot be seen into
    """
    process = ProgramProcess(pid, 0, random.Random(), memory)
    own = OwnSchedule()
    try:
        return _dumped(process, own)
    except OSError as error:
        raise refused(pid, error) from error
    finally:
        own.close()
        process.close()


def _dumped(process: ProgramProcess, own: OwnSchedule) -> ProcessDump:
    began_s = time.monotonic()
    watched = _watched(process, own)
    own.wake()
    moment = process.moment(0.0, own, most=MOST_THREADS, asked=MOST_THREADS)
    watched_s = time.monotonic() - began_s
    clocks = CpuClocks()
    threads = [_thread(process, look, clocks) for look in moment.threads]
    by_tid = {thread.look.tid: thread for thread in threads}
    gils = tuple(
        _gil(look, [holds[which] for holds in watched], by_tid, watched_s) for which, look in enumerate(moment.gils)
    )
    return ProcessDump(
        process.pid, process.command, process.interpreters.version, watched_s, len(watched), gils,
        tuple(sorted(threads, key=_rank)), moment.threads_alive, process.interpreters.waiters_known,
        process.gil_enabled,
    )  # fmt: skip


def _watched(process: ProgramProcess, own: OwnSchedule) -> list[list[Hold]]:
    """Who held each GIL at each look."""
    watched = []
    for _ in range(LOOKS):
        watched.append(process.holds())
        own.sleep()
        time.sleep(random.random() * 2 * WATCH_S / LOOKS)  # a fixed rate could keep step with the program
    return watched


def _thread(process: ProgramProcess, look: ThreadLook, clocks: CpuClocks) -> DumpedThread:
    watch = process.thread(look.tid)
    blocked_s = None
    if look.wait is not None:
        with suppress(OSError, ValueError):
            blocked_s = clocks.idle_s(watch.open())
    return DumpedThread(look, watch.name, watch.began_in, watch.interpreter, blocked_s)


def _gil(look: GilLook, holds: list[Hold], threads: dict[int, DumpedThread], watched_s: float) -> DumpedGil:
    switches = look.switches - holds[0].switches
    held_looks = sum(hold.holder != 0 for hold in holds)
    held_s = None
    if look.held and not switches:
        holder = threads.get(look.holder.tid) if look.holder else None
        blocked_s = holder.blocked_s if holder is not None and holder.look.wait is not None else None
        # One that ran on meanwhile may have let go of it and taken it again.
        held_s = max(blocked_s or 0.0, watched_s if held_looks == len(holds) else 0.0) or None
    return DumpedGil(look, held_looks, switches, held_s)


def _rank(thread: DumpedThread) -> tuple[bool, bool, int]:
    return not thread.look.holds_gil, thread.look.wait != "gil_wait", thread.look.tid
