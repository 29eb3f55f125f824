"""What a process's environment asks for, begun at its first call of a decorated function.

And not before: a program that forks its workers first forks no thread with it, and one that makes no call leaves no
file.
"""

from __future__ import annotations

import os

from gilscope.production import OBSERVE_VARIABLE, OUT_VARIABLE
from gilscope.production.forks import after_fork
from gilscope.production.unavailable import tell

__all__ = ["begin"]

_begun = False


def begin(*_: object) -> None:
    """Begin it, once in a process. Registered for new cells (`gilscope.production.cells.on_new_cell`).

    This is within a call of the user's, which nothing here may fail: no thread to be had, a working folder that is
    gone, an interpreter that is about to end and imports nothing any more.
    """
    global _begun
    if _begun:
        return
    _begun = True
    if folder := os.environ.get(OUT_VARIABLE):
        try:
            # Here and not in the recorder's thread: a child forked while that imports could never import the same.
            from gilscope.production.recording import record

            record(folder)
        except Exception as error:
            tell("profiles are not recorded", error)
    if os.environ.get(OBSERVE_VARIABLE, "0") not in ("", "0"):
        try:
            from gilscope.production.observing import observe_as_asked

            observe_as_asked()
        except Exception as error:
            tell("this process is not observed", error)


@after_fork
def _forget() -> None:
    global _begun
    _begun = False
