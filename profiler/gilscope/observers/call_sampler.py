"""Sampling the threads of a service, of which most do nothing: workers that are parked until somebody asks.

What its threads publish of the calls they are in (`gilscope.observers.functions`) is read at once, and only those that
are in one are looked at. While none is, moments are few. How many a moment stands for is known before it is taken, so
that nothing is seen too often or too seldom on average.
"""

from __future__ import annotations

import random
from collections import defaultdict

from gilscope.observers.functions import FUNCTIONS, ROW_BYTES
from gilscope.observers.gil import GilLayout
from gilscope.observers.pacing import Pace
from gilscope.observers.sampler import CPU_SHARE, Interpreter, Sampler, WatchedThread
from gilscope.observers.sampling_quality import HOLDER
from gilscope.thread_address import ThreadAddress

__all__ = ["CallSampler"]

#: CPU that it may use altogether, as a share of one: with what waking takes.
OWN_SHARE = 0.02
#: Moments per second while nobody is in a call, and those without anybody after which it is so.
IDLE_HZ = 25.0
IDLE_AFTER = 40


class CallSampler(Sampler):
    """Samples the threads of a program that are in calls; threads are added as they make themselves known.

    :param layout: where this interpreter binary keeps its GIL; None when unknown
    """

    def __init__(self, layout: GilLayout | None, rate_hz: float, rng: random.Random) -> None:
        self._rows: list[_Row] = []
        self._moments_idle = 0
        super().__init__((), layout, rate_hz, rng)

    def add(self, address: ThreadAddress) -> None:
        """Sample this thread too, in the place of an ended one that published where this one does.

        :raises OSError: when it is gone or may not be watched
        """
        for thread in self.threads:
            thread.ended = thread.ended or (thread.address.pid, thread.address.busy) == (address.pid, address.busy)
        self.let_go_of_ended()
        super().add(address)
        self._rows = _rows(self.threads)

    def let_go_of_ended(self) -> None:
        """Close the files of the threads that were found to have ended."""
        if any(thread.ended for thread in self.threads):
            super().let_go_of_ended()
            self._rows = _rows(self.threads)

    def _paced(self) -> Pace:
        return Pace(self.quality, self._rng, CPU_SHARE * self._cpus, OWN_SHARE)

    def _wake(self) -> None:
        """What it wakes for comes later, if at all."""

    def _candidates(self) -> list[WatchedThread]:
        """Those in calls."""
        found = [thread for row in self._rows for thread in self._in_calls(row)]
        self._moments_idle = 0 if found else self._moments_idle + 1
        self._pace.rate_hz = IDLE_HZ if self._moments_idle >= IDLE_AFTER else self.quality.asked_hz
        if found:
            self._pace.own.wake()
        return found

    def _in_calls(self, row: _Row) -> list[WatchedThread]:
        self.quality.readings[HOLDER].tried += 1
        try:
            return row.in_calls()
        except OSError as error:
            self.quality.note(HOLDER, error)
            return []


class _Row:
    """Threads that publish side by side."""

    def __init__(self, interpreter: Interpreter, threads: list[WatchedThread]) -> None:
        places = [thread.address.busy for thread in threads]
        self._files = interpreter.files
        self._begin, self._size = min(places), max(places) - min(places) + FUNCTIONS
        self._threads = [(place - self._begin, thread) for place, thread in zip(places, threads, strict=True)]

    def in_calls(self) -> list[WatchedThread]:
        """Those that are in a call.

        :raises OSError: when the process is gone
        """
        memory, found = self._files.read(self._begin, self._size), []
        for at, thread in self._threads:
            if memory.find(1, at + 1, at + FUNCTIONS) >= 0:
                thread.published = memory[at : at + FUNCTIONS]
                found.append(thread)
        return found


def _rows(threads: list[WatchedThread]) -> list[_Row]:
    beside: defaultdict[tuple[Interpreter, int], list[WatchedThread]] = defaultdict(list)
    for thread in threads:
        beside[thread.interpreter, thread.address.busy // ROW_BYTES].append(thread)
    return [_Row(interpreter, members) for (interpreter, _), members in beside.items()]
