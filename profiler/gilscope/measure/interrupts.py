"""Ctrl-C, SIGTERM and SIGHUP, held back while a process is half started or half ended: it would be lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["uninterrupted"]

#: Windows has no SIGHUP.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Within, an interrupt is only noted; it is raised when the block is left. Keep the block short.

    Only Python's own handlers are held back, and only the main thread runs any.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    noted: list[tuple[int, FrameType | None]] = []
    handlers = {number: signal.getsignal(number) for name in _ENDING if (number := getattr(signal, name, None))}
    held = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in held:
        signal.signal(number, lambda *interrupt: noted.append(interrupt))
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for interrupt in noted[:1]:
            held[signal.Signals(interrupt[0])](*interrupt)
