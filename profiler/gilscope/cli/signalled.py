"""Signals that end a command in order: each interrupts it as Ctrl-C does, and its exit status tells which it was."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

__all__ = ["Signalled", "ended_by_no_signal", "ended_by_signals", "status_of_signal"]

_came: list[int] = []


class Signalled(KeyboardInterrupt):
    """A signal has come. A class of its own, for the interpreter ends by SIGINT whatever is made of the plain one, once
    that has passed through code that is made of text, as that of dataclasses is."""


def ended_by_signals() -> None:
    """From now on the first of them raises `Signalled` in the main thread. What follows is over soon, and others
    would only spoil it: they do nothing."""
    _came.clear()
    for number in _ending():
        signal.signal(number, _interrupted)


def status_of_signal() -> int:
    """The exit status of a command that was interrupted: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP, as shells
    have it."""
    return 128 + (_came[0] if _came else signal.SIGINT)


def _ending() -> Iterator[int]:
    """Not that of a terminal that goes away, where the command is to survive that (nohup(1))."""
    yield from (signal.SIGINT, signal.SIGTERM)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        yield signal.SIGHUP


def ended_by_no_signal() -> None:
    """From now on they do nothing: one that came while the interpreter ends would leave a traceback."""
    for each in _ending():
        signal.signal(each, lambda *_: None)  # SIG_IGN would not do: Python complains of one that just came


def _interrupted(number: int, _frame: FrameType | None) -> NoReturn:
    ended_by_no_signal()
    _came.append(number)
    raise Signalled
