"""What a program prints whose terminal shows something else: nothing of it is lost sight of when it fails."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from typing import IO, Final

__all__ = ["Printed"]

#: Bytes of standard error that are kept, at most, and of these those that are told.
_MOST: Final = 1 << 20
_TOLD: Final = 4096


class Printed:
    """Where the streams of a program go: to a file, or nowhere but for the last of standard error, in memory.

    A file in memory takes what is written at once, as a pipe would not: the program is never kept waiting.

    :param path: the file
    :raises OSError: when it cannot be written
    """

    def __init__(self, path: str | None) -> None:
        self._file: IO[bytes] | None = open(path, "wb") if path else None  # noqa: SIM115  until `close`
        self._memory = os.memfd_create("gilscope-stderr")
        fcntl.fcntl(self._memory, fcntl.F_SETFL, os.O_APPEND)
        self._last = b""

    @property
    def streams(self) -> dict[str, IO[bytes] | int | None]:
        """Those of `subprocess.Popen`. Standard input is the caller's where it is no terminal, for the terminal's keys
        are gilscope's."""
        shared = sys.stdin is not None and not sys.stdin.isatty()
        given = None if shared else subprocess.DEVNULL
        if self._file is not None:
            return {"stdin": given, "stdout": self._file, "stderr": self._file}
        return {"stdin": given, "stdout": subprocess.DEVNULL, "stderr": self._memory}

    def trim(self) -> None:
        """Keep no more than the last of it."""
        size = os.fstat(self._memory).st_size
        if size > _MOST:
            self._last = os.pread(self._memory, _TOLD, size - _TOLD)
            os.ftruncate(self._memory, 0)

    def last(self) -> str:
        """The last lines that it wrote to standard error."""
        size = os.fstat(self._memory).st_size
        told = (self._last + os.pread(self._memory, _TOLD, max(0, size - _TOLD)))[-_TOLD:]
        return told.decode(errors="replace")

    def close(self) -> None:
        """Let go of it."""
        os.close(self._memory)
        if self._file is not None:
            self._file.close()
