"""The seconds and the calls that an analysis may take."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from gilscope.decide.measured import Left

__all__ = ["Budget"]

#: How much later than the budget an analysis may end: what is running is stopped there.
GRACE = 1.1


@dataclass
class Budget:
    """The seconds and the calls that are left."""

    total_s: float
    max_calls: int | None = None
    kept_s: float = 0.0
    """Seconds of it that nothing but the hot lines may take."""
    reserved_s: float = 0.0
    """Seconds that rounds may not take either, for what extensions measure."""
    _began: float = field(default_factory=time.monotonic)
    _calls: int = 0

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    @property
    def remaining_s(self) -> float:
        return self.total_s - self.elapsed_s

    @property
    def spare_s(self) -> float:
        return self.remaining_s - self.kept_s

    @property
    def racing_s(self) -> float:
        return self.spare_s - self.reserved_s

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

    @property
    def calls_made(self) -> int:
        return self._calls

    def spend(self, calls: int) -> None:
        """Calls that were made."""
        self._calls += calls

    @property
    def left(self) -> Left:
        """For decisions."""
        return Left(self.calls_left, self.elapsed_s, self.remaining_s, self.spare_s, self.racing_s)
