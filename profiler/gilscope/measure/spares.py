"""Processes for trials that are to come, started while there is nothing to disturb: starting one takes longer than
many a round."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gilscope.measure.interrupts import uninterrupted
from gilscope.measure.possible import refuse_where_impossible
from gilscope.measure.trial import TrialProcess, close_all

__all__ = ["Spares", "first_spare"]


class Spares:
    """Trial processes that were told nothing yet; idle, they wait for a trial.

    :param python: as of `TrialProcess`
    """

    def __init__(self, python: str | None = None) -> None:
        self._python = python
        self._waiting: list[TrialProcess] = []

    def start(self, count: int, environment: Mapping[str, str]) -> None:
        """Start so many, or as many as the system permits: a trial that finds none says what it has no room for."""
        try:
            for _ in range(count):
                self._waiting.append(TrialProcess(environment, self._python))
        except OSError:
            return

    def __len__(self) -> int:
        return len(self._waiting)

    def settle(self, deadline: float) -> None:
        """Return when all are up and idle, or at the deadline on the monotonic clock."""
        for process in self._waiting:
            process.poll(max(0.0, deadline - time.monotonic()))

    def take(self) -> TrialProcess | None:
        """One that lives; None when there is none left."""
        while self._waiting:
            process = self._waiting.pop(0)
            if process.lives:
                return process
            process.close()
        return None

    def end(self) -> None:
        """End those that nobody took."""
        waiting, self._waiting = self._waiting, []
        close_all(waiting)


@contextmanager
def first_spare() -> Iterator[Spares]:
    """One for the first trial, which starts while the caller still gets ready to use it.

    :raises UsageError: where nothing can be measured
    """
    refuse_where_impossible()
    spares = Spares()
    try:
        with uninterrupted():
            spares.start(1, os.environ)
        yield spares
    finally:
        with uninterrupted():
            spares.end()
