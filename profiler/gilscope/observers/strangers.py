"""Threads of the function's own that hold the GIL while they are blocked: a driver called by `asyncio.to_thread`, say.

Who holds the GIL is told by the address of a thread state. Which thread that is stands in it: CPython keeps there the
number that the kernel gave (``native_thread_id``), at a place that a thread of which both are known shows.
"""

from __future__ import annotations

import struct

from gilscope.observers.gil import Hold
from gilscope.observers.process_files import ProcessFiles
from gilscope.observers.thread_files import thread_files
from gilscope.thread_address import ThreadAddress

__all__ = ["NumberPlace", "blocked_in"]

#: Of a thread state; the number is in its first two hundred.
STATE_BYTES = 512
NUMBER = struct.Struct("@L")


class NumberPlace:
    """Where thread states of one process keep their thread's number.

    :param known: a thread of it
    """

    def __init__(self, process: ProcessFiles, known: ThreadAddress) -> None:
        self._process, self._known = process, known
        self._offset: int | None = None
        self._looked = False

    def of(self, thread_state: int) -> int | None:
        """The number of the thread of this state; None when it is not known.

        :raises OSError: when the memory may not be read
        """
        if not self._looked:
            self._offset, self._looked = self._found(), True
        if self._offset is None:
            return None
        memory = self._process.read(thread_state + self._offset, NUMBER.size)
        return NUMBER.unpack(memory)[0] if len(memory) == NUMBER.size else None

    def _found(self) -> int | None:
        memory = self._process.read(self._known.thread_state, STATE_BYTES)
        words = range(0, len(memory) - NUMBER.size + 1, NUMBER.size)
        return next((at for at in words if NUMBER.unpack_from(memory, at)[0] == self._known.tid), None)


def blocked_in(process: ProcessFiles, place: NumberPlace, hold: Hold, pid: int) -> str | None:
    """The state in which the thread that holds the GIL is blocked; None when it runs, or is not known.

    :raises OSError, ValueError: when it is gone
    """
    number = place.of(hold.holder)
    if not number:
        return None
    files = thread_files(pid, number)
    try:
        waiting = files.waiting()
    finally:
        files.close()
    if waiting is None:
        return None
    return process.resolve(waiting) if waiting.ask else waiting.state
