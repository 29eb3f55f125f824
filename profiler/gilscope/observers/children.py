"""Counting the processes that calls start."""

from __future__ import annotations

import time

from gilscope.observers import proc

__all__ = ["ChildCount"]

#: Looks lie so far apart at least, and so far that they take no more than this share of the time.
EVERY_S = 0.02
TIME_SHARE = 0.01


class ChildCount:
    """The most processes alive at a time below a trial's process, beside those that were there when the count began:
    its pool's own. As far as looks show: processes that live for a moment may be fewer in every look.

    :param root: the trial's process, its pool open
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._before = proc.descendants(root)
        self._next = 0.0
        self.most: int | None = None
        """None before the first look."""

    def look(self) -> None:
        """Count, unless it is too early to look again."""
        now = time.perf_counter()
        if now < self._next:
            return
        started = proc.descendants(self._root) - self._before
        if self.most is None or len(started) > self.most:
            self.most = max(self.most or 0, sum(not proc.is_zombie(pid) for pid in started))
        self._next = now + max(EVERY_S, (time.perf_counter() - now) / TIME_SHARE)
