"""Standard output: the one place that writes to it."""

from __future__ import annotations

import io
import os
import sys

from gilscope.errors import OutputError

__all__ = ["Page", "has_only_ascii", "is_screen", "put", "require"]


def require() -> None:
    """See whether there is a standard output at all.

    :raises OutputError: when the caller closed it
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed: give a file with -o")


def has_only_ascii() -> bool:
    """Whether nothing but ASCII should be written: the encoding has no more, or the user says the terminal has not.

    In the C locale Python writes UTF-8 all the same, for most who are in it never chose it; ``LC_ALL`` is a choice.
    """
    chosen = os.environ.get("LC_ALL") in ("C", "POSIX") and not os.environ.get("PYTHONIOENCODING")
    encoding = (sys.stdout.encoding or "").lower()
    return chosen or os.environ.get("TERM") == "dumb" or not encoding.startswith("utf")


def is_screen() -> bool:
    """Whether it is a terminal that can be drawn on anywhere."""
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class Page(io.StringIO):
    """What is drawn to be put there: as for a terminal, where that is one."""

    encoding = property(lambda _: sys.stdout.encoding or "utf-8")

    def isatty(self) -> bool:
        return sys.stdout.isatty()


def put(text: str) -> bool:
    """Write ``text``, and be sure that it arrived. A reader that went away has seen enough: that is no failure; False
    says so.

    :raises OutputError: when it cannot be written, as on a full disk
    """
    require()
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            raise OutputError(f"cannot write to standard output: {error.strerror}") from error
        return False
    return True
