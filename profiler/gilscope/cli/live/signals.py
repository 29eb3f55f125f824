"""Signals as something to be read in turn: what they ask for is done between two steps, not in the middle of one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["ENDING", "readable_signals", "signals_in"]

#: Those that end a program.
ENDING: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
#: Ctrl-Z, and another size of the terminal.
_OTHERS: Final = ("SIGTSTP", "SIGWINCH")


@contextmanager
def readable_signals() -> Iterator[int]:
    """A descriptor from which the numbers of signals are read that come meanwhile; those that were ignored still are.

    They are handled as before afterwards.
    """
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    kept: dict[signal.Signals, Any] = {}
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        for name in (*ENDING, *_OTHERS):
            number = signal.Signals[name]
            if signal.getsignal(number) is not signal.SIG_IGN:
                kept[number] = signal.signal(number, lambda *_: None)
        yield reader
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)


def signals_in(descriptor: int) -> list[signal.Signals]:
    """Those that have come since."""
    try:
        return [signal.Signals(number) for number in os.read(descriptor, 1024)]
    except BlockingIOError:
        return []
