"""What a process's environment asks for: imported when a function is decorated, and begun when one is called.

Not begun before: a program that forks its workers first forks no thread with it, and one that makes no call leaves no
file. Not imported later: that takes longer than most requests, and the first of them would have to wait for it.
"""

from __future__ import annotations

import os

from gilscope.introspection import is_apart
from gilscope.production import OBSERVE_VARIABLE, OUT_VARIABLE
from gilscope.production.forks import after_fork
from gilscope.production.unavailable import tell

__all__ = ["begin", "prepare"]

_begun = False
_prepared = False


def prepare() -> None:
    """Import what `begin` needs, once in a process and its forks. This is within an import of the user's, which nothing
    here may fail."""
    global _prepared
    if _prepared:
        return
    _prepared = True
    try:
        if (folder := _folder()) and is_apart():
            import gilscope.production.apart
        elif folder:
            # Here and for all that this process starts, wherever they change to later.
            os.environ[OUT_VARIABLE] = os.path.abspath(folder)
            import gilscope.production.recording
        if _observes() and not is_apart():
            import gilscope.production.observing  # noqa: F401
    except Exception as error:
        tell("profiles are not recorded, or not observed", error)


def begin(*_: object) -> None:
    """Begin it, once in a process. Registered for new cells (`gilscope.production.cells.on_new_cell`).

    This is within a call of the user's, which nothing here may fail: no thread to be had, a working folder that is
    gone, an interpreter that is about to end and imports nothing any more.
    """
    global _begun
    if _begun:
        return
    _begun = True
    if folder := _folder():
        try:
            # Here and not in the recorder's thread: a child forked while that imports could never import the same.
            _record(folder)
        except Exception as error:
            tell("profiles are not recorded", error)
    if _observes():
        try:
            _observe()
        except Exception as error:
            tell("this process is not observed", error)


def begin_for_others() -> None:
    """Begin it because of calls in interpreters beside this one, which is the main one: if its functions are decorated
    here as well."""
    if _prepared:
        begin()


def _record(folder: str) -> None:
    if is_apart():
        from gilscope.production.apart import record
    else:
        from gilscope.production.recording import record
    record(folder)


def _observe() -> None:
    if not is_apart():
        from gilscope.production.observing import observe_as_asked

        observe_as_asked()
    elif not _folder():
        tell("calls in this interpreter are not observed", f"they are nowhere recorded: set {OUT_VARIABLE}")


def _folder() -> str | None:
    return os.environ.get(OUT_VARIABLE)


def _observes() -> bool:
    return os.environ.get(OBSERVE_VARIABLE, "0") not in ("", "0")


@after_fork
def _forget() -> None:
    global _begun
    _begun = False
