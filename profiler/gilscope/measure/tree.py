"""Ending a trial's processes, whatever they have become."""

from __future__ import annotations

import os
import signal

import psutil

__all__ = ["MARK", "end_all", "marked"]

#: The environment variable that every process of a trial inherits; its value tells whose it is.
MARK = "GILSCOPE_TRIAL"


def marked(token: str) -> list[psutil.Process]:
    """Every living process that inherited ``token``, however it was started and whatever session it moved to."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == token and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or another user's: none of ours
    return found


def end_all(token: str, group: int | None = None) -> None:
    """Kill every process that inherited ``token``, and those of process group ``group`` that dropped their environment;
    again until there are none."""
    if group is not None and hasattr(os, "killpg"):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            group = None  # nobody is left in it
    for _ in range(10):
        processes = [process for process in marked(token) if process.pid != os.getpid()]
        if not processes:
            return
        for process in processes:
            _kill(process)
        psutil.wait_procs(processes, timeout=1.0)


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
