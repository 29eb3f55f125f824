"""Moments made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from gilscope.observers.thread_files import Scheduled
from gilscope.programs.moments import SWITCH_INTERVAL_S, Frame, GilLook, ProcessMoment, PythonFunction, ThreadLook
from gilscope.programs.seen import SeenProcess, SeenThread
from gilscope.programs.tally import Tallied, tallied

PID = 7
#: How far apart the moments lie.
SPAN_S = 0.01
STDLIB = "/usr/lib/python3.13/"


def function(name: str, file: str = "/srv/app/work.py", first_line: int = 10) -> PythonFunction:
    return PythonFunction(name, file, first_line)


def frame(name: str, file: str = "/srv/app/work.py", line: int = 12) -> Frame:
    return Frame(function(name, file), line)


def stack(*names: str) -> tuple[Frame, ...]:
    """Of the program's own functions, innermost first."""
    return tuple(frame(name) for name in names)


def holding(tid: int, *names: str, wait: str | None = None) -> ThreadLook:
    return ThreadLook(tid, 0, wait, holds_gil=True, on_cpu=None if wait else True, stack=stack(*names))


def waiting(tid: int, *names: str) -> ThreadLook:
    return ThreadLook(tid, 0, "gil_wait", call="futex", stack=stack(*names))


def blocked(tid: int, state: str, *frames: Frame, call: str | None = None, lock: int | None = None) -> ThreadLook:
    return ThreadLook(tid, 0, state, call=call, lock=lock, stack=frames)


def moment(
    number: int,
    *threads: ThreadLook,
    switches: int = 1,
    moved: bool = False,
    next_holder: int | None = None,
    pid: int = PID,
    saturated: bool = False,
    interval_s: float = SWITCH_INTERVAL_S,
) -> ProcessMoment:
    """The holder is the one of the threads that holds the GIL."""
    holder = next((look for look in threads if look.holds_gil), None)
    gil = GilLook((0,), holder is not None, holder, switches, moved, next_holder, interval_s)
    return ProcessMoment(pid, number * SPAN_S, SPAN_S, (gil,), threads, len(threads), saturated)


def thread(
    tid: int, wall_s: float, run_s: float, queued_s: float = 0.0, *, native: bool = False, pid: int = PID
) -> SeenThread:
    scheduled = Scheduled(run_s, queued_s)
    return SeenThread(pid, tid, f"thread-{tid}", None if native else 0, 0.0, wall_s, False, scheduled)


def process(*threads: SeenThread, pid: int = PID, parent: int = 0, unread: str = "") -> SeenProcess:
    last_s = max((each.last_s for each in threads), default=0.0)
    cpu_s = sum(each.scheduled.run_s for each in threads)
    command = ("python", "work.py")
    return SeenProcess(pid, parent, command, (3, 13, 1), unread, 0.0, last_s, False, cpu_s, frozenset(), threads)


class _Seeing(Protocol):
    def see(self, moment: ProcessMoment) -> None: ...


class _Counting(Protocol):
    def see(self, threads: Iterable[Tallied]) -> None: ...


def feed(view: _Seeing, moments: Iterable[ProcessMoment]) -> None:
    for each in moments:
        view.see(each)


def count(view: _Counting, moments: Iterable[ProcessMoment]) -> None:
    """Of the threads of each, as they are digested for all views."""
    for each in moments:
        view.see(tallied(each))


def numbered(count: int, first: int = 1) -> Iterator[int]:
    return iter(range(first, first + count))
