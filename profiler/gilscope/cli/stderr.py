"""Standard error, which may be full, closed or a terminal that has gone away: what cannot be told there is not told,
and changes nothing of how the command ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

__all__ = ["that_never_fails"]


class _Stderr:
    """A stream as it is, but for the errors of writing to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):  # ValueError: it is closed
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._give_up()

    def _give_up(self) -> None:
        """What is left in its buffer would fail once more when the interpreter ends, with a status of its own."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            self._stream.flush()


@contextmanager
def that_never_fails() -> Iterator[None]:
    """Until the end of it, standard error is such a one."""
    before = sys.stderr
    if before is None:  # the caller closed it
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  until the end
    else:
        sys.stderr = cast("TextIO", _Stderr(before))
    try:
        yield
    finally:
        if before is not None:
            sys.stderr = before
