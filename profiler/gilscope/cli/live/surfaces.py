"""What a live view is drawn on: a terminal's screen, or lines one block after the other."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from rich.console import Console
from rich.live import Live

from gilscope.cli import stdout
from gilscope.cli.colours import of_console
from gilscope.report.programs.screen import screen
from gilscope.report.programs.shown import Shown

if TYPE_CHECKING:
    from gilscope.cli.live.keyboard import Keyboard
    from gilscope.records.programs import ProgramRecord

__all__ = ["Blocks", "Screen", "Surface", "block"]

#: Columns of a block.
WIDTH: Final = 80


class Surface(Protocol):
    """Shows a record."""

    first_s: float
    """When there is something to be shown first, and how often from then on, at most; in seconds."""
    every_s: float

    def show(self, record: ProgramRecord | None, shown: Shown) -> bool:
        """Draw it. False where nobody sees it any more."""
        ...

    def suspend(self) -> None:
        """Ctrl-Z: stop as the shell expects it, and go on when told to."""
        ...


class Screen:
    """The whole of a terminal, as it was before afterwards; Live's own screen, so that nothing scrolls away."""

    first_s = 0.3
    every_s = 0.5

    def __init__(self, keyboard: Keyboard) -> None:
        self._keyboard = keyboard
        self._console = Console(**of_console(drawn_at=True))
        self._ascii = stdout.has_only_ascii()
        self._live: Live | None = None

    @contextmanager
    def taken(self) -> Iterator[Screen]:
        """Take the terminal, and give it back."""
        try:
            self._take()
            yield self
        finally:
            self._give_back()

    def _take(self) -> None:
        self._keyboard.take()
        quiet: dict[str, Any] = {"auto_refresh": False, "redirect_stdout": False, "redirect_stderr": False}
        self._live = Live(console=self._console, screen=True, **quiet)
        self._live.start()

    def _give_back(self) -> None:
        with suppress(OSError):  # the terminal is gone
            if self._live is not None:
                self._live.stop()
        self._keyboard.give_back()

    def show(self, record: ProgramRecord | None, shown: Shown) -> bool:
        width, height = self._console.size
        try:
            if self._live is not None:
                drawn = screen(record, shown, width, height, ascii_only=self._ascii)
                self._live.update(drawn, refresh=True)
        except OSError:
            return False
        return True

    def suspend(self) -> None:
        self._give_back()
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # goes on here
        signal.signal(signal.SIGTSTP, before)
        self._take()


class Blocks:
    """Standard output, a block at a time.

    :param every_s: how often
    """

    def __init__(self, every_s: float) -> None:
        self.first_s = min(1.0, every_s)
        self.every_s = every_s

    def show(self, record: ProgramRecord | None, shown: Shown) -> bool:
        return record is None or stdout.put(f"{block(record, shown)}\n")

    def suspend(self) -> None:
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)


def block(record: ProgramRecord, shown: Shown) -> str:
    """Plain lines: the sentence and the first rows of every table."""
    buffer = io.StringIO()
    bare: dict[str, Any] = {"color_system": None, "force_terminal": False, "force_jupyter": False}
    console = Console(file=buffer, width=WIDTH, legacy_windows=False, **bare)
    console.print(screen(record, shown, WIDTH, None, ascii_only=stdout.has_only_ascii()))
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().rstrip().split("\n"))
