"""Writing this process's profiles to a folder: its own file there is replaced every few seconds, and at its end.

What a process has seen so outlives it however it ends, but for the last seconds.
"""

from __future__ import annotations

import atexit
import logging
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

if TYPE_CHECKING:
    from gilscope.production.profile import Profile

__all__ = ["INTERVAL_S", "Recorder", "flush", "record"]

INTERVAL_S = 2.0

_recorder: Recorder | None = None


def record(folder: str) -> None:
    """Write to ``folder`` from now on. To be called once in a process."""
    global _recorder
    _recorder = Recorder(folder)
    atexit.register(flush)
    # A worker process of multiprocessing ends with os._exit, but runs what was registered here before.
    if util := sys.modules.get("multiprocessing.util"):
        util.Finalize(None, flush, exitpriority=100)
    threading.Thread(target=_recorder.run, name="gilscope-recorder", daemon=True).start()


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
        self._trouble = ""

    def run(self) -> None:
        """Write every few seconds, in a thread of its own, as long as the process lives."""
        clocks.gilscope_threads.add(threading.get_ident())
        pause = threading.Event()
        while not pause.wait(INTERVAL_S):
            self.flush()

    def flush(self) -> None:
        """Write what the calls have shown, unless it is written already. What goes wrong is logged, once."""
        with self._lock:
            profiles = [profile for function in functions() if (profile := function.profile()).calls]
            if profiles == self._written:
                return
            try:
                write_profiles(self.path, self._file(profiles))
            except OSError as error:
                self._tell(str(error))
            else:
                self._written = profiles

    def _file(self, profiles: list[Profile]) -> ProfileFile:
        return ProfileFile(
            host=self._host,
            pid=os.getpid(),
            python=sys.version.partition(" ")[0],
            started=self._started,
            written=time.time(),
            profiles=tuple(profiles),
        )

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            logging.getLogger("gilscope").warning(
                "profiles are not recorded: %s; set %s to another folder", trouble, OUT_VARIABLE
            )
