"""Processes of gilscope's own beside a trial's: started, watched until they end, and ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from gilscope.subprocesses import exit_reason, interpreter, start_thread

__all__ = ["END_TIMEOUT_S", "Process", "Processes", "WorkersLost", "ends_with_parent"]

Process: TypeAlias = "subprocess.Popen[bytes]"

#: How long processes may take to end in order, all together.
END_TIMEOUT_S = 5.0
#: Asks the kernel for SIGKILL when the parent ends (prctl(2), PR_SET_PDEATHSIG), looks whether it is still there, and
#: becomes the command, which keeps the wish. Not done between fork and exec, which is no place for Python code.
LAUNCHER = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); "
    "os.getppid() == int(sys.argv[1]) or os._exit(1); os.execv(sys.argv[2], sys.argv[2:])"
)


class WorkersLost(Exception):  # noqa: N818  what became of them is for the caller to judge
    """A worker has ended, or what it gets its tasks from; the message tells how.

    :param why: what may have led to it
    """

    def __init__(self, message: str, why: str | None = None) -> None:
        super().__init__(message)
        self.why = why

    def during(self, what: str) -> str:
        """All of it in a sentence: how it ended, during what, and why."""
        return f"{self} {what}" + (f": {self.why}" if self.why else "")


def ends_with_parent(command: Sequence[str]) -> list[str]:
    """The command that runs ``command``, a program's full path and its arguments, and ends when the *thread* that
    starts it does, even where that is killed (Linux; elsewhere it is ``command`` itself). What it forks does not."""
    if sys.platform != "linux":
        return list(command)
    return [interpreter(), "-I", "-S", "-c", LAUNCHER, str(os.getpid()), *command]


class Processes:
    """Those of one trial, each with a thread that waits for its end."""

    def __init__(self) -> None:
        self.exit_reason: str | None = None
        """Which ended first, and how; None while all live."""
        self._watchers: dict[Process, threading.Thread] = {}
        self._on_end: Callable[[str], object] | None = None
        self._closing = False

    @property
    def pids(self) -> tuple[int, ...]:
        """In the order in which they were started."""
        return tuple(process.pid for process in self._watchers)

    def start(self, what: str, command: Sequence[str], **options: Any) -> Process:
        """Start one.

        :param what: how messages call it
        :param options: of `subprocess.Popen`
        :raises WorkersLost: when it cannot be started
        """
        try:
            process: Process = subprocess.Popen(command, **options)
            try:
                self._watchers[process] = start_thread(self._watch, "gilscope-watch", what, process)
            except OSError:
                process.kill()
                process.wait()
                raise
        except OSError as error:
            raise WorkersLost(f"{what} could not be started: {error}") from error
        return process

    def _watch(self, what: str, process: Process) -> None:
        code = process.wait()
        if self.exit_reason is None and not self._closing:
            self.exit_reason = f"{what} ended {exit_reason(code)}"
            if (on_end := self._on_end) is not None:
                on_end(self.exit_reason)

    @contextmanager
    def on_end(self, call: Callable[[str], object]) -> Iterator[None]:
        """Within, ``call`` is called, from any thread, with the `exit_reason` of the first that ends or has ended."""
        self._on_end = call
        try:
            if self.exit_reason is not None:
                call(self.exit_reason)
            yield
        finally:
            self._on_end = None

    def close(
        self,
        ask: Callable[[Process], object] = subprocess.Popen.terminate,
        within_s: float = END_TIMEOUT_S,
        last: Process | None = None,
    ) -> None:
        """End all: asked to, and killed where they have not ended in time.

        :param last: is asked when the others are gone
        """
        self._closing = True
        others = [process for process in self._watchers if process is not last]
        for group in (others, [] if last is None else [last]):
            limit = time.monotonic() + within_s
            for process in group:
                ask(process)
            for process in group:
                self._watchers[process].join(max(0.0, limit - time.monotonic()))
                process.kill()
                self._watchers[process].join()
                if process.stdout is not None:
                    process.stdout.close()
