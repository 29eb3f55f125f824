"""Writing this process's profiles to a folder: its own file there is replaced every few seconds, and at its end.

What a process has seen so outlives it however it ends, but for the last seconds.
"""

from __future__ import annotations

import atexit
import os
import secrets
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gilscope.production import OUT_VARIABLE, clocks
from gilscope.production.files import ProfileFile, write_profiles
from gilscope.production.forks import after_fork
from gilscope.production.function import functions
from gilscope.production.loop_lag import loop_lag
from gilscope.production.unavailable import greenlets_of, tell
from gilscope.subprocesses import start_thread

if TYPE_CHECKING:
    from gilscope.production.profile import Profile

__all__ = ["INTERVAL_S", "Recorder", "flush", "record"]

INTERVAL_S = 2.0
TROUBLE = "profiles are not recorded"

_recorder: Recorder | None = None


def record(folder: str) -> None:
    """Write to ``folder`` from now on. To be called once in a process.

    Not in one whose threads are greenlets, which is told: a recorder among them would be waited for at the program's
    end, for ever, and what it wrote of clocks would be wrong (`gilscope.production.unavailable.greenlets_of`).
    """
    global _recorder
    if (library := greenlets_of()) is not None:
        tell(TROUBLE, f"its threads are {library}'s greenlets, whose clocks cannot be told apart")
        return
    _recorder = Recorder(folder)
    atexit.register(flush)
    # A worker process of multiprocessing ends with os._exit, but runs what was registered here before.
    if util := sys.modules.get("multiprocessing.util"):
        util.Finalize(None, flush, exitpriority=100)
    try:
        start_thread(_recorder.run, "gilscope-recorder")
    except OSError as error:
        tell("profiles are recorded at the end of the process only", error)


def flush() -> None:
    """Write now what is not written yet, where this process records."""
    if _recorder is not None:
        _recorder.flush()


@after_fork
def _forget() -> None:
    """The child will have a recorder and a file of its own."""
    global _recorder
    _recorder = None
    atexit.unregister(flush)


class Recorder:
    """This process's own file in a folder."""

    def __init__(self, folder: str) -> None:
        host = "".join(char if char.isalnum() else "-" for char in socket.gethostname())
        self.path = Path(os.path.abspath(folder), f"gilscope-{host}-{os.getpid()}-{secrets.token_hex(4)}.profiles.json")
        self._host = host
        self._started = time.time()
        self._lock = threading.Lock()
        self._written: list[Profile] = []

    def run(self) -> None:
        """Write every few seconds, in a thread of its own, as long as the process lives."""
        clocks.gilscope_threads.add(threading.get_ident())
        pause = threading.Event()
        while not pause.wait(INTERVAL_S):
            self.flush()

    def flush(self) -> None:
        """Write what the calls have shown, unless it is written already. What goes wrong is logged, once, and never
        raised: this is at the program's end, or in a thread that it does not know of."""
        try:
            self._flush()
        except OSError as error:
            tell(TROUBLE, f"{error}; set {OUT_VARIABLE} to another folder")
        except Exception as error:  # an interpreter that is about to end imports nothing any more, for one
            tell(TROUBLE, error)

    def _flush(self) -> None:
        with self._lock:
            profiles = [profile for function in functions() if (profile := function.recorded()).calls]
            if profiles == self._written:
                return
            write_profiles(self.path, self._file(profiles))
            self._written = profiles

    def _file(self, profiles: list[Profile]) -> ProfileFile:
        return ProfileFile(
            host=self._host,
            pid=os.getpid(),
            python=sys.version.partition(" ")[0],
            started=self._started,
            written=time.time(),
            profiles=tuple(profiles),
            loop_lag=loop_lag(),
        )
