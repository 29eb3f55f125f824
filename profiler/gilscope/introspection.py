"""What a process tells of its own interpreter: whether it has a GIL, and what only it can tell to one that watches it
from outside, and its consent.

Every decorated program imports this, so that ctypes is imported only where it is used.
"""

from __future__ import annotations

import sys

__all__ = [
    "HAS_POOLS",
    "gil_enabled",
    "has_others_beside",
    "have_main_run",
    "interpreter_state",
    "is_apart",
    "permit_reading",
    "runtime_address",
    "thread_state",
]

PR_SET_PTRACER = 0x59616D61
#: Whether this Python has `concurrent.futures.InterpreterPoolExecutor`.
HAS_POOLS = sys.version_info >= (3, 14)


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


def is_apart() -> bool:
    """Whether this is another interpreter than the main one, and one that refuses extension modules which know of one
    alone, as those of a pool do: msgspec is not to be had there."""
    try:
        import _interpreters  # type: ignore[import-not-found]  # no older Python has pools of them, or ctypes within one
    except ImportError:
        return False
    if _interpreters.get_current()[0] == _interpreters.get_main()[0]:
        return False
    try:
        import msgspec  # noqa: F401
    except ImportError:
        return True
    return False


def has_others_beside() -> bool:
    """Whether there are other interpreters in this process, made by Python's own module for that."""
    interpreters = sys.modules.get("_interpreters")
    return interpreters is not None and len(interpreters.list_all()) > 1


def have_main_run(code: bytes) -> None:
    """Have the main thread of the main interpreter run a line of Python, between two steps of what it does, as it runs
    the handlers of signals (``Py_AddPendingCall``). What the line raises would be printed. From another interpreter;
    nothing comes of it where the main one runs no Python any more."""
    import ctypes

    duplicate = ctypes.CDLL(None).strdup  # never freed: nobody knows whether it was run
    duplicate.restype = ctypes.c_void_p
    run = ctypes.cast(ctypes.pythonapi.PyRun_SimpleString, ctypes.c_void_p)
    add = ctypes.pythonapi.Py_AddPendingCall
    add.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    add(run, duplicate(code))


def permit_reading(pid: int) -> None:
    """Let ``pid`` and its descendants read this process's memory where ptrace is restricted (Yama's scope 1; prctl(2),
    Linux only). A refusal changes nothing that is not found out later by trying."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(pid), 0, 0, 0)
