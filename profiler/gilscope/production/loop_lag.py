"""How late callbacks run on this process's event loops: a heartbeat on each of them, while calls are at work there.

A beat is a timer of the loop's own (``call_later``), and no task: a program that waits for all its tasks does not wait
for it. It beats on only while there were steps of measured coroutines since the last one, so an idle loop sleeps.
"""

from __future__ import annotations

import sys
import threading
import weakref
from random import random
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from gilscope.production.delay_sums import DelaySums
from gilscope.production.delays import Delays, delays_of
from gilscope.production.forks import after_fork
from gilscope.production.unavailable import tell

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

__all__ = ["BEAT_S", "Hearts", "loop_lag"]

#: From one beat to the next, on average; each at a random time within a slot, so that no rhythm of the program is met.
BEAT_S = 0.05
#: Later than this it is by something that is noticed, and by no rounding of timers.
NOTICED_NS = 10_000_000
#: Of one block: after a machine's sleep it could be millions.
MOST_LATE = 1000

_lag, _lock = DelaySums(), threading.Lock()


def loop_lag() -> Delays | None:
    """How late callbacks ran on the event loops of this process, all together; None where none was listened to."""
    return delays_of(_lag)


@after_fork
def _forget() -> None:
    global _lag, _lock
    _lag, _lock = DelaySums(), threading.Lock()


class Hearts:
    """Listens to the loops that measured calls are on, until it is stopped.

    :param on_first: called when a heart begins to beat, in the thread of its loop
    """

    def __init__(self, on_first: Callable[[], None]) -> None:
        self._on_first = on_first
        self._hearts: weakref.WeakKeyDictionary[AbstractEventLoop, _Heart] = weakref.WeakKeyDictionary()
        self._stopped = False

    @property
    def beating(self) -> bool:
        """Whether any of them is, so that calls are at work."""
        return any(heart.beating for heart in list(self._hearts.values()))

    def at_work(self) -> None:
        """A call is about to take its steps in this thread. It is the user's, which nothing here may fail."""
        asyncio = sys.modules.get("asyncio")
        loop: Any = asyncio and asyncio._get_running_loop()
        if loop is None or self._stopped:
            return
        try:
            heart = self._hearts.get(loop)
            if heart is None:
                heart = self._hearts[loop] = _Heart()
            if heart.at_work(loop):
                self._on_first()
        except Exception as error:  # a loop of its own kind, or one that is about to be closed
            tell("an event loop is not listened to", error)

    def late(self) -> list[int]:
        """The threads whose loop is late by `NOTICED_NS` and more right now: something keeps it."""
        now_ns = perf_counter_ns()
        hearts = list(self._hearts.values())
        return [each.thread for each in hearts if each.beating and now_ns - each.due_ns >= NOTICED_NS]

    def stop(self) -> None:
        """Let no heart beat again."""
        self._stopped = True
        for heart in list(self._hearts.values()):
            heart.stopped = True


class _Heart:
    """That of one loop; used in the loop's thread."""

    def __init__(self) -> None:
        self.beating = self.stopped = self._worked = False
        self.thread = threading.get_ident()
        self.due_ns = 0
        """When its next beat is due, by the performance counter."""

    def at_work(self, loop: AbstractEventLoop) -> bool:
        """Whether it begins to beat."""
        self._worked = True
        if self.beating or self.stopped:
            return False
        self.beating = True
        self._wait(loop, loop.time() + random() * BEAT_S)
        return True

    def _wait(self, loop: AbstractEventLoop, due_s: float) -> None:
        self.due_ns = perf_counter_ns() + int((due_s - loop.time()) * 1e9)
        loop.call_at(due_s, self._beat, weakref.ref(loop), due_s)

    def _beat(self, known: weakref.ref[AbstractEventLoop], due_s: float) -> None:
        loop = known()
        if loop is None or self.stopped:
            return
        next_s = _note(due_s, loop.time())
        self.beating, self._worked = self._worked, False
        if self.beating:
            self._wait(loop, next_s)


def _note(due_s: float, now_s: float) -> float:
    """A beat was due then. Those that would have been due until now were kept waiting as well, by the same block: left
    out, long blocks would count as little as short ones. When the next one is due."""
    with _lock:
        for _ in range(MOST_LATE):
            _lag.note(max(int((now_s - due_s) * 1e9), 0))
            due_s += (0.5 + random()) * BEAT_S
            if due_s > now_s:
                return due_s
    return now_s + random() * BEAT_S
