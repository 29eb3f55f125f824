"""The functions that each thread is in, published in its own memory for an observer process to read there
(`gilscope.observers.functions`).

From the first observation on each cell has a byte there, which its calls set and clear; before, and in a process that
is never observed, a call only sees that there is none.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from weakref import WeakSet

from gilscope.introspection import runtime_address, thread_state
from gilscope.observers.functions import ROW_BYTES
from gilscope.production.cell import Cell
from gilscope.production.cells import Cells
from gilscope.production.rows import Place, Rows
from gilscope.thread_address import ThreadAddress

__all__ = ["Publisher"]


class _Published:
    """What a thread publishes, and how it is found. Lives as long as the thread does."""

    def __init__(self, rows: Rows, place: Place) -> None:
        self._rows = rows
        self.place = place
        place.row[place.begin] = 1
        thread = (os.getpid(), threading.get_native_id(), thread_state(), runtime_address())
        self.address = ThreadAddress(*thread, place.address)

    def __del__(self) -> None:
        self._rows.give_back(self.place)


class Publisher:
    """Publishes the cells of a process's threads, ``size`` bytes of each thread; functions beyond that are not."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows = Rows(size, ROW_BYTES)
        self._tell: Callable[[ThreadAddress], None] | None = None
        self._lock = threading.RLock()  # a signal handler may make a thread's first call in the middle of another's
        self._local = threading.local()
        self._threads: WeakSet[_Published] = WeakSet()
        self._functions: list[Cells] = []

    def tell(self, tell: Callable[[ThreadAddress], None] | None) -> None:
        """Tell of every thread that publishes, and of others when they begin to; None: of none from now on. What is
        published stays so: another observation may follow."""
        with self._lock:
            self._tell = tell
            known = list(self._threads)
        if tell is not None:
            for thread in known:
                tell(thread.address)

    def publish(self, function: Cells, cell: Cell) -> None:
        """Let the calling thread's cell of a function be seen."""
        with self._lock:
            if function not in self._functions:
                self._functions.append(function)
            number = self._functions.index(function) + 1
        if number < self._size:
            place = self._own().place
            number += place.begin
            place.row[number] = cell.inside
            cell.number, cell.flags = number, place.row

    def function_of(self, number: int) -> Cells | None:
        """The function that is published under this number."""
        return self._functions[number - 1] if 0 < number <= len(self._functions) else None

    def _own(self) -> _Published:
        own: _Published | None = getattr(self._local, "own", None)
        if own is None:
            own = self._local.own = _Published(self._rows, self._rows.take())
            with self._lock:
                self._threads.add(own)
                tell = self._tell
            if tell is not None:
                tell(own.address)
        return own
