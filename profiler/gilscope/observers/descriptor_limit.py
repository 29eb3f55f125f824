"""Opening files though the soft limit on them is reached: what is watched may have many threads, and who watches many
files of its own."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform != "win32":
    import resource  # at once, for importing it opens a file

__all__ = ["OUT_OF_DESCRIPTORS", "opened"]

#: Errors that say nothing of the file: this process, or the machine, may have no more of them open.
OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})


def opened(path: str) -> int:
    """A descriptor of a file, to read; beyond this process's soft limit where the hard one allows it.

    :raises OSError: when it cannot be opened
    """
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.open(path, flags)
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
    with _soft_limit_raised():
        return os.open(path, flags)


@contextmanager
def _soft_limit_raised() -> Iterator[None]:
    """For a moment, so that nothing that this process starts inherits another limit than it would have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
