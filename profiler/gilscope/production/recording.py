"""Writing this process's profiles to the folder that ``GILSCOPE_OUT`` names; nothing is written where it names none.

A thread replaces the process's file every few seconds, so what a process has seen outlives it however it ends, but for
the last seconds; at a regular end those are written too. The thread is started by the first call of a decorated
function and not before, so a program that forks its workers first forks no thread with it.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading

from gilscope.production import clocks

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from gilscope.production.files import Recorder

__all__ = ["INTERVAL_S", "VARIABLE", "flush", "forget", "start"]

VARIABLE = "GILSCOPE_OUT"
INTERVAL_S = 2.0

_started = False
_recorder: Recorder | None = None


def start() -> None:
    """Begin to record, once in a process, if that is asked for."""
    global _started
    if _started:
        return
    _started = True
    if folder := os.environ.get(VARIABLE):
        _begin(folder)


def flush() -> None:
    """Write now what is not written yet, where this process records."""
    if _recorder is not None:
        _recorder.flush()


def forget() -> None:
    """After a fork: the child has no recorder yet, and will have a file of its own."""
    global _started, _recorder
    _started, _recorder = False, None
    atexit.unregister(flush)


def _begin(folder: str) -> None:
    global _recorder
    # Here and not in the thread: a child forked while the thread imports could never import the same.
    from gilscope.production.files import Recorder

    _recorder = Recorder(folder)
    atexit.register(flush)
    # A worker process of multiprocessing ends with os._exit, but runs what was registered here before.
    if util := sys.modules.get("multiprocessing.util"):
        util.Finalize(None, flush, exitpriority=100)
    threading.Thread(target=_record, args=(_recorder,), name="gilscope-recorder", daemon=True).start()


def _record(recorder: Recorder) -> None:
    clocks.helpers.add(threading.get_ident())
    pause = threading.Event()
    while not pause.wait(INTERVAL_S):
        recorder.flush()
