"""Ending a trial's processes, whatever they have become."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

import psutil

from gilscope.backends.worker import adopt_orphans
from gilscope.measure.interrupts import uninterrupted
from gilscope.measure.messages import MARK

__all__ = ["MARK", "end_all", "leaving_no_process"]

#: Processes may start others while they are being ended: so often it is looked again.
SWEEPS = 10
PATIENCE_S = 1.0

Finder = Callable[[], Collection[psutil.Process]]


def end_all(roots: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Kill these children, by their trials' tokens, and every process that they or their descendants started. Each of
    them leads a process group.

    Such processes are known by their descent, by their group and by the environment they inherited. One that left all
    three, and whose parent ended before the child could adopt it, is the caller's to end (`leaving_no_process`). The
    machine's processes are looked through once for all children: with hundreds of them that takes longer than the rest.
    """
    for root in roots.values():
        root.send_signal(signal.SIGSTOP)  # it starts nothing more, and adopts what its descendants leave
    left = _end(lambda: _members(roots), spare=_is_tracker)
    listed = _listed() is not None
    for root in roots.values():
        if not listed:
            os.killpg(root.pid, signal.SIGKILL)
        root.kill()
    if left:  # trackers, which have nothing left to track: they remove the semaphores and end by themselves
        _wait(left)
        _end(lambda: _members(roots))


@contextmanager
def leaving_no_process() -> Iterator[None]:
    """Adopt what is orphaned within, and kill every process that is below the calling one at the end. For a program of
    its own only: it takes all of them for gilscope's."""
    adopt_orphans()
    try:
        yield
    finally:
        with uninterrupted():
            _end(lambda: _below({os.getpid()}))


def _end(find: Finder, spare: Callable[[psutil.Process], bool] = lambda process: False) -> Collection[psutil.Process]:
    """Kill what ``find`` gives, but what is to ``spare``, again until there is nothing that can be killed; what it gave
    last."""
    found: Collection[psutil.Process] = ()
    for _ in range(SWEEPS):
        found = find()
        killed = [process for process in found if not spare(process) and _kill(process)]
        if not killed:
            break
        _wait(killed)
    return found


def _wait(processes: Collection[psutil.Process]) -> None:
    """Return when they have ended, or after `PATIENCE_S`."""
    limit = time.monotonic() + PATIENCE_S
    while any(map(_alive, processes)) and time.monotonic() < limit:
        time.sleep(0.002)


def _members(roots: Mapping[str, subprocess.Popen[bytes]]) -> set[psutil.Process]:
    """The living processes of trials beside ``roots``."""
    every, leaders = _listed() or (), {root.pid for root in roots.values()}
    found = {process for process in every if _group(process) in leaders or _mark(process) in roots}
    found |= _below(leaders)
    return {process for process in found if process.pid not in leaders and _alive(process)}


def _listed() -> list[psutil.Process] | None:
    """Every process; None where the system lists none, as without /proc."""
    try:
        return list(psutil.process_iter())
    except (psutil.Error, OSError, IndexError):  # psutil expects at least one
        return None


def _below(pids: Collection[int]) -> set[psutil.Process]:
    """The living descendants of these processes, each of which is the calling one or a child of it."""
    try:
        own = psutil.Process().children(recursive=True)  # parents before their children
    except (psutil.Error, OSError, IndexError):
        return set()
    known, found = set(pids), set[psutil.Process]()
    for process in own:
        if _parent(process) in known:
            known.add(process.pid)
            found.add(process)
    return {process for process in found if _alive(process)}


def _parent(process: psutil.Process) -> int | None:
    try:
        return int(process.ppid())
    except psutil.Error:
        return None


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None  # ended meanwhile, or another user's: none of ours


def _group(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except OSError:
        return None


def _is_tracker(process: psutil.Process) -> bool:
    """Whether it is the helper of multiprocessing that removes what killed processes leave in shared memory."""
    try:
        return any("multiprocessing.resource_tracker" in word for word in process.cmdline())
    except (psutil.Error, OSError):
        return False


def _kill(process: psutil.Process) -> bool:
    """Whether it could be killed: it may be gone, or another user's by now."""
    try:
        process.kill()
    except psutil.Error:
        return False
    return True
