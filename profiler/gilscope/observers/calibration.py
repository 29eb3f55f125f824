"""Finding the GIL of this very interpreter, without another process and without a pause."""

from __future__ import annotations

import ctypes
import os
from dataclasses import replace

from gilscope.introspection import interpreter_state, runtime_address, thread_state
from gilscope.observers.gil import SEARCH_BYTES, GilLayout, Libc, Phase, find_layout, find_pointer, libc_of
from gilscope.observers.proc import contents
from gilscope.observers.process_files import ProcessFiles, changed_its_user

__all__ = ["NotWatchableError", "own_layout", "try_reading"]

ROUNDS = 3
#: Of a PyInterpreterState, of which the pointer to its GIL is in the first part.
INTERPRETER_BYTES = 1 << 15


class NotWatchableError(Exception):
    """Why a process, or its GIL, cannot be watched; for people."""


def own_layout() -> GilLayout:
    """Where this interpreter binary keeps its GIL.

    The process reads its own memory, now through a call that keeps the GIL, now through one that lets it go. It must
    have one thread.

    :raises NotWatchableError: when no word of its memory behaves like one
    """
    runtime = runtime_address()
    if not runtime:
        raise NotWatchableError("this interpreter does not export _PyRuntime")
    try:
        memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            phases = [Phase(held, _read(memory, runtime, held)) for held in (True, False) * ROUNDS]
            interpreter = os.pread(memory, INTERPRETER_BYTES, interpreter_state())
        finally:
            os.close(memory)
    except OSError as error:
        raise NotWatchableError(f"this interpreter may not read its own memory ({error.strerror})") from error
    layout = find_layout(phases, thread_state())
    if layout is None:
        raise NotWatchableError("no word of the interpreter's memory behaved like the GIL")
    pointer = find_pointer(interpreter, runtime + layout.offset)
    return replace(layout, libc=own_libc(), pointer=pointer)


def own_libc() -> Libc | None:
    """The C library of this process."""
    try:
        version = os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):  # musl knows no such name
        version = None
    return libc_of(contents("/proc/self/maps").decode(errors="replace"), version)


def try_reading(layout: GilLayout | None, pid: int, runtime: int) -> None:
    """Read once of another process of this binary what will be read again and again.

    :raises NotWatchableError: when that may not be read
    """
    try:
        files = ProcessFiles(pid)
        try:
            if layout is not None:
                layout.read(files, runtime)
        finally:
            files.close()
    except OSError as error:
        advice = f"; {_START_AS_USER}" if changed_its_user(pid) else ""
        raise NotWatchableError(f"the memory of process {pid} may not be read ({error.strerror}){advice}") from error


_START_AS_USER = (
    "it has changed its user since it was started, and Linux then closes its memory: start it as that user (User= of "
    "systemd, setpriv, su), rather than as root to become that user (gunicorn --user)"
)


def _read(memory: int, runtime: int, held: bool) -> bytes:
    """The memory from ``_PyRuntime`` on: a call through PyDLL keeps the GIL, one through CDLL lets it go."""
    library = ctypes.PyDLL(None, use_errno=True) if held else ctypes.CDLL(None, use_errno=True)
    pread = library.pread
    pread.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64]
    pread.restype = ctypes.c_ssize_t
    area = ctypes.create_string_buffer(SEARCH_BYTES)
    size = pread(memory, area, SEARCH_BYTES, runtime)
    if size < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return area.raw[:size]
