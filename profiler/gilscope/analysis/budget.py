"""The seconds and the calls that an analysis may take."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field

from gilscope.errors import UsageError

__all__ = ["Budget", "refuse_where_impossible"]

#: How much later than the budget an analysis may end: what is running is stopped there.
GRACE = 1.1


@dataclass
class Budget:
    """The seconds and the calls that are left."""

    total_s: float
    max_calls: int | None = None
    _began: float = field(default_factory=time.monotonic)
    _calls: int = 0

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    @property
    def remaining_s(self) -> float:
        return self.total_s - self.elapsed_s

    @property
    def is_over(self) -> bool:
        """Whether the grace is used up too."""
        return self.elapsed_s >= GRACE * self.total_s

    def deadline(self, seconds: float) -> float:
        """``seconds`` from now on the monotonic clock, but not past the budget and its grace."""
        return min(time.monotonic() + seconds, self._began + GRACE * self.total_s)

    @property
    def calls_left(self) -> int:
        return 10**9 if self.max_calls is None else self.max_calls - self._calls

    def spend(self, calls: int) -> None:
        """Calls that were made."""
        self._calls += calls


def inside_a_trial() -> bool:
    """Whether this process is a trial's, or was started by one."""
    from gilscope.measure.tree import MARK

    return MARK in os.environ


def refuse_where_impossible() -> None:
    """Nothing can be measured by code that an analysis runs, nor on Windows.

    :raises UsageError: when that is so
    """
    if inside_a_trial():
        raise UsageError(
            "an analysis was started by code that an analysis runs: put the call of gilscope under "
            'if __name__ == "__main__":'
        )
    if sys.platform == "win32":
        raise UsageError("measuring on Windows is not possible yet: saved results can be drawn there, no more")
