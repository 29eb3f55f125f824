"""A program's last seconds, shown again and again while it is watched, until somebody has seen enough."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gilscope.cli.live.signals import signals_in
from gilscope.report.programs.shown import Shown, pressed

if TYPE_CHECKING:
    from gilscope.cli.live.keyboard import Keyboard
    from gilscope.cli.live.surfaces import Surface
    from gilscope.programs.lately import LatelyWatched
    from gilscope.records.programs import ProgramRecord

__all__ = ["LiveView"]

#: Shorter waits than this poll(2) rounds up to.
_TICK_S: Final = 0.001
Save = Callable[["ProgramRecord"], str]


class LiveView:
    """Waits for the moments of the watching, and shows what they come to meanwhile.

    :param save: keeps a record where the user wants it, and says where
    :param keyboard: None where no keys are read
    :param signals: the descriptor from which signals are read
    :param first: done before each time that something is shown
    :raises ProcessLookupError: when there is no such process
    """

    def __init__(
        self,
        watched: LatelyWatched,
        surface: Surface,
        keyboard: Keyboard | None,
        save: Save,
        pid: int,
        signals: int,
        first: Callable[[], object] | None = None,
    ) -> None:
        self._watched, self._surface, self._keyboard, self._save = watched, surface, keyboard, save
        self._signals = signals
        self._first = first
        self._process = os.pidfd_open(pid)
        self._poll = select.poll()
        keys = None if keyboard is None else keyboard.descriptor
        for descriptor in (self._process, signals, *(() if keys is None else (keys,))):
            self._poll.register(descriptor, select.POLLIN)
        self._due_s = time.monotonic() + surface.first_s
        self.shown = Shown()
        self.record: ProgramRecord | None = None
        """The one that is shown."""
        self.ended = False
        """Whether the program has ended."""
        self.quits = False
        """Whether somebody has seen enough: by a key, or as who read the blocks has gone."""
        self.ending: signal.Signals | None = None
        """The signal that says so."""

    def watch(self) -> None:
        """Until the program has ended or enough was seen."""
        self._draw()
        self._watched.watch(self._wait)
        self.ended = self.ended or not (self.quits or self.ending)
        if self.ended:  # what came since it was last shown is told, too
            self.record = self._watched.record()

    def close(self) -> None:
        """Let go of the process."""
        os.close(self._process)

    # ---- waiting ----

    def _wait(self, seconds: float) -> bool:
        """At most so long; whether it is over."""
        until_s = time.monotonic() + seconds
        while not self._is_over:
            if time.monotonic() >= self._due_s:
                self._refresh()
            left_s = until_s - time.monotonic()
            found = self._poll.poll(max(0, int((left_s - _TICK_S) * 1000)))
            for descriptor, _ in found:
                self._happened(descriptor)
            if not found:
                time.sleep(max(0.0, until_s - time.monotonic()))
                return False
        return True

    @property
    def _is_over(self) -> bool:
        return self.ended or self.quits or self.ending is not None

    def _happened(self, descriptor: int) -> None:
        if descriptor == self._process:
            self.ended = True
        elif descriptor == self._signals:
            for number in signals_in(descriptor):
                self._signalled(number)
        elif self._keyboard is not None:
            for key in self._keyboard.read():
                self._press(key)

    def _signalled(self, number: signal.Signals) -> None:
        if number == signal.SIGTSTP:
            self._surface.suspend()
        if number in (signal.SIGTSTP, signal.SIGWINCH):
            self._draw()
        else:
            self.ending = number

    def _press(self, key: str) -> None:
        self.shown, action = pressed(self.shown, key)
        if action == "quit":
            self.quits = True
        elif action == "lost":
            self._lost()
        elif action == "save" and self.record is not None:
            self.shown = replace(self.shown, told=self._save(self.record))
        self._draw()

    # ---- showing ----

    def _refresh(self) -> None:
        """Show what is new; the next time not before what this took may be spent again."""
        began_s = time.thread_time()
        if self._first is not None:
            self._first()
        if not self.shown.paused:
            self.record = self._watched.record()
        self._draw()
        took_s = time.thread_time() - began_s
        self._due_s = time.monotonic() + max(self._surface.every_s, took_s / self._watched.telling_share())

    def _draw(self) -> None:
        if not self._surface.show(self.record, self.shown):
            self._lost()

    def _lost(self) -> None:
        """Nobody sees it any more: the terminal has gone away, whose signal may be on its way yet, or who read the
        blocks has seen enough."""
        if self._keyboard is None:
            self.quits = True
        else:
            self.ending = self.ending or signal.SIGHUP
