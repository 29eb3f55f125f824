"""Whether the process that writes a file lives: it holds a lock on it that ends with the process, however that ends.

The lock (flock(2)) belongs to the file and is seen from other containers too, where a process id means another process.
Where there are no such locks nobody knows.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from gilscope.observers.proc import contents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Held", "born", "is_held", "locked"]

#: How long who only reads waits for who writes.
PATIENCE_S = 2.0


class Held:
    """A file of this process's own, locked as long as the process lives, but not by its children. It is for this
    user alone, and made where nothing was, not even a link.

    :param new: whether it is to be made; else it is one that an interpreter of this process made and let go of
    :raises OSError: when it cannot be made, or not be locked
    """

    def __init__(self, path: Path, *, new: bool = True) -> None:
        self._path = path
        self._descriptor = -1
        if fcntl is None:
            raise OSError("this system has no flock")
        made = os.O_CREAT | os.O_EXCL if new else os.O_NOFOLLOW
        self._descriptor = os.open(path, os.O_RDWR | made | os.O_CLOEXEC, 0o600)
        status = os.fstat(self._descriptor)
        self._identity = (status.st_dev, status.st_ino)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.remove() if new else self.close()
            raise

    def is_at(self, descriptor: int) -> bool:
        """Whether this is a descriptor of the file."""
        try:
            status = os.fstat(descriptor)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def renew(self) -> None:
        """Lock it again where the program has closed what it did not know, as a daemon does."""
        if self.is_at(self._descriptor):
            return
        with contextlib.suppress(OSError):  # it is gone: there is nothing to lock
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            if self.is_at(descriptor):
                self._descriptor = descriptor
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                os.close(descriptor)

    def remove(self) -> None:
        """It is not needed any more."""
        with contextlib.suppress(OSError):  # it is gone
            self._path.unlink()
        self.close()

    def close(self) -> None:
        """Let go of it. The number may be that of another file meanwhile."""
        if self.is_at(self._descriptor):
            os.close(self._descriptor)
        self._descriptor = -1


def is_held(path: Path) -> bool | None:
    """Whether a process holds the file; None where that cannot be told."""
    if fcntl is None:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


@contextlib.contextmanager
def locked(path: Path, *, exclusive: bool, patience_s: float | None = None) -> Iterator[bool]:
    """Hold the lock of a folder, which is a file that an exclusive one makes; whether it is held. An exclusive one does
    not wait unless it is told how long, a shared one does: who reads only is to read in any case."""
    patience_s = (0.0 if exclusive else PATIENCE_S) if patience_s is None else patience_s
    descriptor = _open_lock(path, exclusive)
    try:
        yield descriptor is not None and _lock(descriptor, exclusive, patience_s)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open_lock(path: Path, exclusive: bool) -> int | None:
    if fcntl is None:
        return None
    access = os.O_RDWR | os.O_CREAT if exclusive else os.O_RDONLY
    try:
        return os.open(path, access | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:  # another user's, or a folder that is for reading only
        return None


def _lock(descriptor: int, exclusive: bool, patience_s: float) -> bool:
    kind, end = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH), time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(patience_s / 100)
        except OSError:  # a file system without locks
            return False
        else:
            return True


def born(pid: int) -> str | None:
    """When a process began, in this system's ticks since its own start, and which start that was; None where the system
    does not tell, or there is none. Two processes with one id differ in it."""
    try:
        ticks = contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()[19]
        boot = contents("/proc/sys/kernel/random/boot_id").strip()
    except (OSError, IndexError):
        return None
    return f"{boot.decode()}:{ticks.decode()}"
