"""What a process tells of its own interpreter: whether it has a GIL, and what only it can tell to one that watches it
from outside, and its consent.

Every decorated program imports this, so that ctypes is imported only where it is used.
"""

from __future__ import annotations

import sys

__all__ = ["gil_enabled", "interpreter_state", "permit_reading", "runtime_address", "thread_state"]

PR_SET_PTRACER = 0x59616D61


def gil_enabled() -> bool:
    """Whether this interpreter runs one thread at a time; before 3.13 there was no other kind."""
    asked = getattr(sys, "_is_gil_enabled", None)
    return True if asked is None else bool(asked())


def runtime_address() -> int:
    """The address of ``_PyRuntime`` in this process; 0 where the interpreter does not export it."""
    import ctypes

    try:
        return ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
    except (AttributeError, ValueError):
        return 0


def thread_state() -> int:
    """The address of the calling thread's state: who it is to the GIL."""
    import ctypes

    get = ctypes.pythonapi.PyThreadState_Get
    get.restype = ctypes.c_void_p
    return int(get())


def interpreter_state() -> int:
    """The address of the calling thread's interpreter."""
    import ctypes

    get = ctypes.pythonapi.PyInterpreterState_Get
    get.restype = ctypes.c_void_p
    return int(get())


def permit_reading(pid: int) -> None:
    """Let ``pid`` and its descendants read this process's memory where ptrace is restricted (Yama's scope 1; prctl(2),
    Linux only). A refusal changes nothing that is not found out later by trying."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(pid), 0, 0, 0)
