"""A terminal that a test types into and reads."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["Terminal", "terminal"]

TIMEOUT_S = 60


class Terminal:
    """The user's side of it."""

    def __init__(self, columns: int = 100, rows: int = 30) -> None:
        self.ours, self.theirs = pty.openpty()
        self.resize(columns, rows)
        self.settings = termios.tcgetattr(self.theirs)
        self.said = b""
        self._read = 0

    def resize(self, columns: int, rows: int) -> None:
        """Its programs get SIGWINCH."""
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def start(self, command: Sequence[str], cwd: Path, **environment: str) -> subprocess.Popen[bytes]:
        """A program that has it as its own."""
        return subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm", **environment},
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def type(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def wait_for(self, *words: str) -> None:
        """Until all of them have been written, since the last time."""
        wanted = [word.encode() for word in words]
        while not all(word in self.said[self._read :] for word in wanted):
            assert select.select([self.ours], [], [], TIMEOUT_S)[0], f"{words} are not in {self.said[self._read :]!r}"
            self.said += os.read(self.ours, 1 << 16)
        self._read = len(self.said)

    def ended(self, program: subprocess.Popen[bytes]) -> int:
        """Its status, once it has ended; what it writes until then is read."""
        while program.poll() is None:
            if select.select([self.ours], [], [], 0.01)[0]:
                self.said += os.read(self.ours, 1 << 16)
        while select.select([self.ours], [], [], 0)[0]:
            self.said += os.read(self.ours, 1 << 16)
        return program.wait()

    @property
    def is_as_before(self) -> bool:
        """Whether its settings are, the cursor is seen, and the other screen has been left."""
        shown = self.said.rfind(b"\x1b[?25h") > self.said.rfind(b"\x1b[?25l")
        left = self.said.rfind(b"\x1b[?1049l") > self.said.rfind(b"\x1b[?1049h")
        return shown and left and termios.tcgetattr(self.theirs) == self.settings

    def hang_up(self) -> None:
        """It is gone."""
        os.close(self.ours)

    def close(self) -> None:
        for descriptor in (self.ours, self.theirs):
            with suppress(OSError):
                os.close(descriptor)


@contextmanager
def terminal(**size: Any) -> Iterator[Terminal]:
    """One for a while."""
    made = Terminal(**size)
    try:
        yield made
    finally:
        made.close()
