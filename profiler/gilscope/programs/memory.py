"""Reading another process's memory: one range, or many small ones in one system call."""

from __future__ import annotations

import ctypes
import struct
from array import array
from collections.abc import Callable, Sequence

from gilscope.observers.process_files import ProcessFiles

__all__ = ["Memory", "ReadError"]

#: Of ranges in one call (UIO_MAXIOV in include/uapi/linux/uio.h).
MOST_RANGES = 1024
POINTER = struct.Struct("=Q")


class ReadError(OSError):
    """Memory that was to be read is not there: an address that has become invalid, or a process that has ended or runs
    another program now."""


class Memory:
    """The memory of one process."""

    def __init__(self, files: ProcessFiles) -> None:
        self.files = files
        self.pid = files.pid
        self._vector = _process_vm_readv()

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes.

        :raises ReadError: when not all of them can be read
        """
        try:
            found = self.files.read(address, size)
        except (OSError, OverflowError) as error:  # of an address that is none
            raise ReadError(f"nothing is to be read at {address:#x} ({error})") from error
        if len(found) != size:
            raise ReadError(f"{len(found)} of {size} bytes are to be read at {address:#x}")
        return found

    def word(self, address: int) -> int:
        """The 64-bit word at an address.

        :raises ReadError: when it cannot be read
        """
        return int(POINTER.unpack(self.read(address, 8))[0])

    def read_many(self, ranges: Sequence[tuple[int, int]]) -> list[bytes | None]:
        """The bytes of each (address, size), in as few system calls as they take; None for each that cannot be read."""
        if self._vector is None or len(ranges) < 2:
            return [self._read_or_none(*wanted) for wanted in ranges]
        found: list[bytes | None] = []
        while len(found) < len(ranges):
            part = ranges[len(found) : len(found) + MOST_RANGES]
            found += self._together(part)
        return found

    def _together(self, ranges: Sequence[tuple[int, int]]) -> list[bytes | None]:
        """As many from the first on as can be read, and a None for the one that cannot."""
        assert self._vector is not None
        total = sum(size for _, size in ranges)
        area = ctypes.create_string_buffer(total)
        remote = array("Q", [word for wanted in ranges for word in wanted])
        local = array("Q", [ctypes.addressof(area), total])
        there, count = remote.buffer_info()[0], len(ranges)
        got = self._vector(self.pid, local.buffer_info()[0], 1, there, count, 0)
        found: list[bytes | None] = []
        at, all_of_it = 0, area.raw
        for _, size in ranges:
            if at + size > got:
                return [*found, self._read_or_none(*ranges[len(found)])]
            found.append(all_of_it[at : at + size])
            at += size
        return found

    def _read_or_none(self, address: int, size: int) -> bytes | None:
        try:
            return self.read(address, size)
        except ReadError:
            return None


def _process_vm_readv() -> Callable[..., int] | None:
    """process_vm_readv(2); None where the C library has none. A refusal by a filter of system calls reads nothing, and
    each range is then read by itself."""
    call = getattr(ctypes.CDLL(None), "process_vm_readv", None)
    if call is not None:
        word = ctypes.c_ulong
        call.argtypes = [ctypes.c_int, ctypes.c_void_p, word, ctypes.c_void_p, word, word]
        call.restype = ctypes.c_ssize_t
    return call
