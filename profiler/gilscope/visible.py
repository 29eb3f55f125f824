"""How a process makes itself visible to one that watches it from outside: what only it can tell, and its consent."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["permit_reading", "runtime_address", "thread_state"]

PR_SET_PTRACER = 0x59616D61


def runtime_address() -> int:
    """The address of ``_PyRuntime`` in this process; 0 where the interpreter does not export it."""
    try:
        return ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
    except (AttributeError, ValueError):
        return 0


def thread_state() -> int:
    """The address of the calling thread's state: who it is to the GIL."""
    get = ctypes.pythonapi.PyThreadState_Get
    get.restype = ctypes.c_void_p
    return int(get())


def permit_reading(pid: int) -> None:
    """Let ``pid`` and its descendants read this process's memory where ptrace is restricted (Yama's scope 1; prctl(2),
    Linux only). A refusal changes nothing that is not found out later by trying."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(pid), 0, 0, 0)
