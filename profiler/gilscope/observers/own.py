"""Finding the GIL of this very interpreter, without another process and without a pause."""

from __future__ import annotations

import ctypes
import os

from gilscope.introspection import runtime_address, thread_state
from gilscope.observers.gil import SEARCH_BYTES, GilLayout, Phase, find_layout

__all__ = ["own_layout"]

ROUNDS = 3


def own_layout() -> GilLayout | None:
    """Where this interpreter binary keeps its GIL; None when no word of its memory behaves like one.

    The process reads its own memory, now through a call that keeps the GIL, now through one that lets it go. It must
    have one thread.

    :raises OSError: when it may not read its own memory
    """
    memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        phases = [Phase(held, _read(memory, held)) for held in (True, False) * ROUNDS]
    finally:
        os.close(memory)
    return find_layout(phases, thread_state())


def _read(memory: int, held: bool) -> bytes:
    """The memory from ``_PyRuntime`` on: a call through PyDLL keeps the GIL, one through CDLL lets it go."""
    library = ctypes.PyDLL(None, use_errno=True) if held else ctypes.CDLL(None, use_errno=True)
    pread = library.pread
    pread.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64]
    pread.restype = ctypes.c_ssize_t
    area = ctypes.create_string_buffer(SEARCH_BYTES)
    size = pread(memory, area, SEARCH_BYTES, runtime_address())
    if size < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return area.raw[:size]
