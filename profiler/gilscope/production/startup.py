"""What a process's environment asks for, begun at its first call of a decorated function.

And not before: a program that forks its workers first forks no thread with it, and one that makes no call leaves no
file.
"""

from __future__ import annotations

import os

from gilscope.production import OBSERVE_VARIABLE, OUT_VARIABLE
from gilscope.production.forks import after_fork

__all__ = ["begin"]

_begun = False


def begin(*_: object) -> None:
    """Begin it, once in a process. Registered for new cells (`gilscope.production.cells.on_new_cell`)."""
    global _begun
    if _begun:
        return
    _begun = True
    if folder := os.environ.get(OUT_VARIABLE):
        # Here and not in the recorder's thread: a child forked while that imports could never import the same.
        from gilscope.production.recording import record

        record(folder)
    if os.environ.get(OBSERVE_VARIABLE, "0") not in ("", "0"):
        from gilscope.production.observing import observe_as_asked

        observe_as_asked()


@after_fork
def _forget() -> None:
    global _begun
    _begun = False
