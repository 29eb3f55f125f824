"""Where each thread is, published in its own memory for a process that reads it there
(`gilscope.observers.functions`).

From the first observation on each cell has a byte there, which its calls set and clear; before, and in a process that
is never observed, a call only sees that there is none.
"""

from __future__ import annotations

import os
import threading
from _weakrefset import WeakSet

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable

    from gilscope.production.cell import Cell
    from gilscope.production.function import Function

__all__ = ["VARIABLE", "Own", "begin", "end", "forget", "function_of", "publish", "publishing", "start"]

VARIABLE = "GILSCOPE_OBSERVE"


class Own:
    """What a thread publishes, and how it is found. Lives as long as the thread does."""

    __slots__ = ("__weakref__", "address", "flags", "thread_state", "tid")

    def __init__(self, size: int) -> None:
        import ctypes  # not at the top: only processes that are observed need it

        from gilscope.introspection import thread_state

        self.tid = threading.get_native_id()
        self.thread_state = thread_state()
        self.flags = bytearray(size)
        self.flags[0] = 1
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.flags))


class _State:
    """Of this process."""

    def __init__(self) -> None:
        self.started = False
        self.size = 0
        self.tell: Callable[[Own], None] | None = None
        self.lock = threading.RLock()  # a signal handler may make a thread's first call in the middle of another's
        self.local = threading.local()
        self.threads: WeakSet[Own] = WeakSet()
        self.functions: list[Function] = []


_state = _State()


def start() -> None:
    """Begin to be observed, once in a process, if that is asked for."""
    if _state.started:
        return
    _state.started = True
    if os.environ.get(VARIABLE, "0") not in ("", "0"):
        from gilscope.production.observing import observe_as_asked

        observe_as_asked()


def forget() -> None:
    """After a fork: nobody looks at the child."""
    global _state
    _state = _State()


def publishing() -> bool:
    """Whether cells are published in this process."""
    return _state.size > 0


def begin(size: int, tell: Callable[[Own], None]) -> list[Own]:
    """Publish ``size`` bytes of every thread from now on, and tell of each that begins to; those that do already."""
    with _state.lock:
        _state.size, _state.tell = size, tell
        return list(_state.threads)


def end() -> None:
    """Nobody looks any more. What is published stays so: another observation may follow."""
    _state.tell = None


def function_of(number: int) -> Function | None:
    """The function that is published under this number."""
    return _state.functions[number - 1] if 0 < number <= len(_state.functions) else None


def publish(function: Function, cell: Cell) -> None:
    """Let the calling thread's cell be seen, in a process that publishes; functions beyond its size are not."""
    if not publishing():
        return
    number = _number(function)
    if number < _state.size:
        flags = _own().flags
        flags[number] = cell.inside
        cell.number, cell.flags = number, flags


def _number(function: Function) -> int:
    with _state.lock:
        if function not in _state.functions:
            _state.functions.append(function)
        return _state.functions.index(function) + 1


def _own() -> Own:
    own: Own | None = getattr(_state.local, "own", None)
    if own is None:
        own = _state.local.own = Own(_state.size)
        with _state.lock:
            _state.threads.add(own)
            tell = _state.tell
        if tell is not None:
            tell(own)
    return own
