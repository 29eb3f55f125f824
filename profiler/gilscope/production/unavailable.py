"""What of gilscope is off in a process, and why: it is told to the logger ``gilscope``, once, and the program goes on
without. No call of the user's may fail because it is counted."""

from __future__ import annotations

import sys
from contextlib import suppress

__all__ = ["greenlets_of", "tell"]

_told: set[str] = set()

#: Libraries that put greenlets in the place of threads: what is asked about that, and of which module.
_PATCHERS = (("gevent.monkey", "is_module_patched", "threading"), ("eventlet.patcher", "is_monkey_patched", "thread"))


def greenlets_of() -> str | None:
    """The library that has put greenlets in the place of this program's threads; None where threads are threads.

    Greenlets share a thread, and so its clocks and its place in the system: what one of them uses, and what it waits
    for, neither a clock nor an observer can tell from what the others do.
    """
    for name, asked, what in _PATCHERS:
        module = sys.modules.get(name)
        if module is not None and getattr(module, asked)(what):
            return name.partition(".")[0]
    return None


def tell(what: str, why: object) -> None:
    """Log that ``what`` is off in this process, once for each reason. Never raises, whatever state the interpreter is
    in: a call may be its last."""
    line = f"{what}: {why}"
    if line in _told:
        return
    _told.add(line)
    with suppress(Exception):  # there is no logging any more, or a filter of the program's raises: nobody can be told
        import logging

        logging.getLogger("gilscope").warning("%s", line)
