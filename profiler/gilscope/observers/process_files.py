"""The files of Linux's /proc that tell what one process's threads wait for: its memory and its descriptors."""

from __future__ import annotations

import os

from gilscope.observers.descriptor_limit import opened
from gilscope.observers.descriptors import Descriptors
from gilscope.observers.syscalls import Waiting

__all__ = ["ProcessFiles", "changed_its_user"]


def changed_its_user(pid: int) -> bool:
    """Whether the process runs as another user than it was started as, which closes its memory to that user (proc(5)):
    what it had read before is none of his. Then its files in /proc belong to root."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            [runs_as] = [int(line.split()[2]) for line in file if line.startswith("Uid:")]
        return os.stat(f"/proc/{pid}/mem").st_uid != runs_as
    except (OSError, ValueError):  # it is gone
        return False


class ProcessFiles:
    """The memory and the descriptors of one process.

    :raises OSError: when the process is gone or its memory may not be read
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._memory = opened(f"/proc/{pid}/mem")
        self._descriptors = Descriptors(pid, self.read)

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes of the process's memory; fewer where the mapping ends."""
        return os.pread(self._memory, size, address)

    def resolve(self, waiting: Waiting) -> str:
        """The state of a thread whose system call alone does not tell (every question but ``futex``)."""
        return self._descriptors.resolve(waiting)

    def close(self) -> None:
        os.close(self._memory)
