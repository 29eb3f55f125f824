"""Keys of a terminal, one by one, and the terminal as it was afterwards."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, Final

__all__ = ["Keyboard", "keys_in"]

#: What terminals send for keys that are no characters (ECMA-48; xterm's control sequences).
_SEQUENCES: Final = {
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1bOC": "right",
    b"\x1bOD": "left",
    b"\x1b[Z": "backtab",
    b"\t": "tab",
}
_ESCAPE: Final = 0x1B


def keys_in(typed: bytes) -> list[str]:
    """The keys that the terminal sent: characters, or the names of other keys; sequences that are not known are no
    keys."""
    keys = []
    while typed:
        known = next((sequence for sequence in _SEQUENCES if typed.startswith(sequence)), None)
        if known is not None:
            keys.append(_SEQUENCES[known])
            typed = typed[len(known) :]
        elif typed[0] == _ESCAPE:
            keys += [] if len(typed) > 1 else ["escape"]
            typed = _behind_sequence(typed)
        else:
            keys += [chr(typed[0])] if typed[:1].isascii() else []
            typed = typed[1:]
    return keys


def _behind_sequence(typed: bytes) -> bytes:
    """What follows a sequence that begins with an escape: it ends with a letter or ``~``."""
    at = 3 if typed[1:2] in (b"[", b"O") else 2
    while typed[1:2] == b"[" and at <= len(typed) and not 0x40 <= typed[at - 1] <= 0x7E:
        at += 1
    return typed[at:]


class Keyboard:
    """The terminal's keys, where there is a terminal: standard input, or where that is something else, the one that
    the process belongs to. Its settings are taken only between `take` and `give_back`."""

    def __init__(self) -> None:
        self._opened = False
        self._saved: list[Any] | None = None
        self.descriptor = self._terminal()
        """None where there is none: then there are no keys."""

    def _terminal(self) -> int | None:
        with suppress(OSError, ValueError, AttributeError):
            if sys.stdin.isatty():
                return sys.stdin.fileno()
        with suppress(OSError):
            descriptor = os.open(os.ctermid(), os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
            self._opened = True
            return descriptor
        return None

    def take(self) -> None:
        """From now on keys come at once, and are not shown."""
        import termios
        import tty

        if self.descriptor is not None:
            with suppress(termios.error):
                self._saved = termios.tcgetattr(self.descriptor)
                tty.setcbreak(self.descriptor, termios.TCSANOW)

    def give_back(self) -> None:
        """The terminal is as it was."""
        import termios

        if self.descriptor is not None and self._saved is not None:
            with suppress(termios.error):  # it is gone
                termios.tcsetattr(self.descriptor, termios.TCSANOW, self._saved)
            self._saved = None

    def read(self) -> list[str]:
        """The keys that have been pressed, once there are any; ``end`` of a terminal that is gone."""
        if self.descriptor is None:
            return []
        try:
            typed = os.read(self.descriptor, 1024)
        except OSError:
            typed = b""
        return keys_in(typed) if typed else ["end"]

    def close(self) -> None:
        """Give the terminal back, and let go of it."""
        self.give_back()
        if self._opened and self.descriptor is not None:
            os.close(self.descriptor)
        self.descriptor = None
