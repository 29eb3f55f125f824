"""What is watched from within the process while it is observed: a thread of gilscope's own that sees where a coroutine
keeps its loop, lets hearts beat on the loops, and sends probes to the pools that calls run in.

From outside nobody can read a stack for so little; and a thread beside it sees even what holds the GIL: it gets the GIL
right when that is given back, which is at the end of the very call that held it.
"""

from __future__ import annotations

import sys
import threading
from random import random
from time import perf_counter_ns
from typing import TYPE_CHECKING

from gilscope.observers.origins import package_of
from gilscope.production import clocks
from gilscope.production.call import Call, on_new_call
from gilscope.production.cells import on_new_cell
from gilscope.production.elsewhere import found_elsewhere
from gilscope.production.forks import after_fork
from gilscope.production.function import functions
from gilscope.production.loop_lag import Hearts
from gilscope.production.places import in_a_callback, inside, place_of, stack_of
from gilscope.production.pools import Pools
from gilscope.production.unavailable import greenlets_of, tell
from gilscope.records import LOOP_KINDS
from gilscope.subprocesses import start_thread

if TYPE_CHECKING:
    from gilscope.production.cell import Cell
    from gilscope.production.cells import Cells
    from gilscope.production.function import Function

__all__ = ["LOOK_EVERY_S", "Lookout"]

#: From one look at the loops to the next, while calls are at work there.
LOOK_EVERY_S = 0.02
#: From one probe of a pool to the next, on average, and how long it is left alone where no call was at work in any.
PROBE_EVERY_S = 0.1
IDLE_S = 0.25
#: A step is looked into from this length on.
LONG_NS = 10_000_000
#: A turn takes less than a millisecond.
PATIENCE_S = 10.0
TROUBLE = "what blocks event loops is not seen"

_current: Lookout | None = None
_pools: Pools | None = None  # from the first on, for threads are met once


class Lookout:
    """Looks out until it is stopped; where greenlets are in the place of threads it sees nothing.

    :raises OSError: when no thread is to be had
    """

    def __init__(self) -> None:
        global _current, _pools
        _current, _pools = self, _pools or Pools()
        self._awake, self._stopped = threading.Event(), False
        self._hearts, self._probed = Hearts(self._awake.set), _pools
        self._looked_ns = self._probe_ns = perf_counter_ns()
        self._pause_s = IDLE_S
        self._homes: dict[Function, str | None] = {}
        self._thread: threading.Thread | None = None
        if greenlets_of() is None:
            self._thread = start_thread(self._run, "gilscope-lookout")
            on_new_call.append(self._hearts.at_work)

    def stop(self) -> None:
        """End its thread. Once is enough."""
        self.abandon()
        self._awake.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_S)

    def abandon(self) -> None:
        """In a forked child: the thread is the parent's."""
        self._stopped = True
        self._hearts.stop()
        if self._hearts.at_work in on_new_call:
            on_new_call.remove(self._hearts.at_work)

    def _run(self) -> None:
        clocks.gilscope_threads.add(threading.get_ident())
        try:
            while not self._stopped:
                self._awake.wait(LOOK_EVERY_S if self._hearts.beating else self._pause_s)
                self._awake.clear()
                self._turn(perf_counter_ns())
        except Exception as error:  # an interpreter that is about to end, for one
            tell(TROUBLE, error)
        finally:
            clocks.gilscope_threads.discard(threading.get_ident())

    def _turn(self, now_ns: int) -> None:
        stepping = set()
        for function in functions():
            for cell in function.cells() if function.kind in LOOP_KINDS else ():
                if cell.step is not None:
                    stepping.add(cell.thread)
                    self._look(function, cell, now_ns)
        for thread in self._hearts.late():
            if thread not in stepping:
                frames = in_a_callback(sys._current_frames().get(thread))
                if (place := place_of(frames, None)) is not None:
                    found_elsewhere(place, now_ns - self._looked_ns, stack_of(frames))
        self._looked_ns = now_ns
        if now_ns >= self._probe_ns:
            self._pause_s = PROBE_EVERY_S * (0.5 + random()) if self._probed.probe() else IDLE_S
            self._probe_ns = now_ns + int(self._pause_s * 1e9)

    def _look(self, function: Function, cell: Cell, now_ns: int) -> None:
        """Into the step that a thread is in, if that is a long one."""
        call = cell.step
        if not isinstance(call, Call) or call.began is None:
            return
        began_ns = call.began[3]
        if now_ns - began_ns < LONG_NS:
            return
        frames = inside(sys._current_frames().get(cell.thread), call)
        if (place := place_of(frames, self._home(function))) is not None:
            blocked_ns = now_ns - max(began_ns, self._looked_ns)
            cell.on_loops().add_place(place, blocked_ns, stack_of(frames))

    def _home(self, function: Function) -> str | None:
        if function not in self._homes:
            code = getattr(function.function, "__code__", None)
            self._homes[function] = code and package_of(code.co_filename)
        return self._homes[function]


def _meet(function: Cells, cell: Cell) -> None:
    if _pools is not None:
        _pools.meet(function, cell)


on_new_cell.append(_meet)


@after_fork
def _forget() -> None:
    global _current, _pools
    if _current is not None:
        _current.abandon()
    _current = _pools = None
