"""What watches a program from outside: gilscope, py-spy and 3.15's own sampler, each as its users start it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.programs.pythons import Python
from gilscope.observers.proc import process_cpu_s

__all__ = ["GILSCOPE", "SETTLES_S", "Tool", "others"]

#: Until it has started and looks at the program as it will.
SETTLES_S = 1.5
#: The same of one that goes on after a pause.
GOES_ON_S = 0.05


class Tool:
    """One of them.

    :param pauses: whether it may be stopped and go on without catching up, so that short turns with and without it
        can be compared
    """

    def __init__(self, name: str, command: Sequence[str], pauses: bool = False) -> None:
        self.name = name
        self.pauses = pauses
        self._command = command

    @contextmanager
    def at(self, pid: int) -> Iterator[Watcher]:
        """It watches a program, from when it has settled."""
        command = [word.replace("PID", str(pid)) for word in self._command]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, **quiet) as process:  # type: ignore[call-overload]
            try:
                time.sleep(SETTLES_S)
                if process.poll() is not None:
                    raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
                yield Watcher(process.pid)
            finally:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGINT)
                process.wait()


class Watcher:
    """One that watches."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def pause(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._pid, signal.SIGCONT)
        time.sleep(GOES_ON_S)

    def cpu_share(self, seconds: float) -> float:
        """CPU that it uses, as a share of one CPU."""
        began_s, before_s = time.monotonic(), process_cpu_s(self._pid)
        time.sleep(seconds)
        return (process_cpu_s(self._pid) - before_s) / (time.monotonic() - began_s)


GILSCOPE = Tool("gilscope", [sys.executable, "-m", "gilscope", "attach", "PID"], pauses=True)
_LONG = "3600"


def others(python: Python) -> list[Tool]:
    """Those that are here and know this Python."""
    found = []
    spy = Path(sys.executable).with_name("py-spy")
    command = [str(spy), "record", "-d", _LONG, "-f", "raw", "-o", os.devnull, "-p", "PID"]
    if spy.exists() or shutil.which("py-spy"):
        command[0] = str(spy) if spy.exists() else "py-spy"
        found += [Tool("py-spy", command), Tool("py-spy --nonblocking", [*command, "--nonblocking"])]
    if python.minor == "3.15":
        sampler = [python.path, "-m", "profiling.sampling", "attach", "-a", "-d", _LONG, "-o", os.devnull, "PID"]
        found.append(Tool("profiling.sampling", sampler))
    return found
