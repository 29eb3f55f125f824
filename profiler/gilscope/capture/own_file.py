"""A process's own file of captured calls, in a folder that others may have got at.

It is opened anew for each record: programs close all descriptors and open others under the same numbers, and no record
is to be written into one of theirs.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from gilscope.capture.settings import Settings

__all__ = ["MOST_FOLDER_BYTES", "OwnFile"]

#: Of all that one run writes, all processes together.
MOST_FOLDER_BYTES = 256 << 20
#: Room is taken by so many bytes at a time, for that takes longer than to write a record.
_TAKEN_BYTES = 1 << 20
_WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_APPEND
#: What is not to be of a folder, or of a file in it.
OTHERS_WRITE = 0o022


class OwnFile:
    """It is made with the first record.

    :raises OSError: whatever is in the way, in each method; it is not to be written to any more then
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        name = f"gilscope-{settings.run}-{os.getpid()}-{os.urandom(4).hex()}.calls"
        self._path = os.path.join(settings.folder, name)
        self._known: tuple[int, int] | None = None
        self._room = 0

    def append(self, data: bytes) -> bool:
        """Write a whole record; False where the run has had its room, or another process is asking just now."""
        if self._room < len(data) and not self._take_room(len(data)):
            return False
        self._room -= len(data)
        descriptor = self._opened()
        try:
            status = os.fstat(descriptor)
            known = (status.st_dev, status.st_ino)
            if self._known not in (None, known):
                raise OSError("another file has taken its place")
            self._known = known
            if os.write(descriptor, data) != len(data):
                raise OSError("the disk is full")
        finally:
            os.close(descriptor)
        return True

    def _opened(self) -> int:
        if self._known is not None:
            return os.open(self._path, _WRITE)
        folder = os.lstat(self._settings.folder)
        if folder.st_uid != os.geteuid() or folder.st_mode & OTHERS_WRITE:
            raise OSError("the folder is not this user's alone")
        return os.open(self._path, _WRITE | os.O_CREAT | os.O_EXCL, 0o600)

    def _take_room(self, size: int) -> bool:
        """Take at least so much of the room of all processes. Nobody is waited for: one that is
        stopped may hold the lock."""
        import fcntl

        descriptor = os.open(self._settings.path("room"), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            used = int.from_bytes(os.pread(descriptor, 8, 0), "big")
            taken = min(max(size, _TAKEN_BYTES), MOST_FOLDER_BYTES - used)
            if self._room + taken < size:
                return False
            os.pwrite(descriptor, (used + taken).to_bytes(8, "big"), 0)
            self._room += taken
            return True
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)  # and with it the lock
