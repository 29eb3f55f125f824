"""The seconds and the calls that an analysis may take.

There are two clocks. The budget's own runs while there are rounds, or could be; it stands while the target starts
(imports, set-up, pools that open, first calls), which has a limit of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gilscope.decide.measured import Left
from gilscope.options import ORDINARY_START

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
    start_limit_s: float = 0.0
    """Seconds that starting may take beside it; what it takes beyond them is part of the budget again."""
    started_s: float = 0.0
    """Seconds of that so far."""
    _began: float = field(default_factory=time.monotonic)
    _calls: int = 0

    @property
    def wall_s(self) -> float:
        """Since it began, by the clock on the wall."""
        return time.monotonic() - self._began

    @property
    def elapsed_s(self) -> float:
        """By the budget's own clock."""
        return self.wall_s - self.started_s

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
        return min(time.monotonic() + seconds, self._began + self.started_s + GRACE * self.total_s)

    # -- starting ---------------------------------------------------------------------------------------------------

    @property
    def start_left_s(self) -> float:
        """Seconds that starting may still take beside the budget."""
        return max(self.start_limit_s - self.started_s, 0.0)

    def start_deadline(self) -> float:
        """Until when starting may go on, on the monotonic clock: at the cost of the budget when its own limit is used
        up."""
        return time.monotonic() + max(self.start_left_s, self.remaining_s, 0.0)

    @contextmanager
    def starting(self, processes: int) -> Iterator[None]:
        """Within, so many processes start at once: beyond the `ORDINARY_START` of each, the budget's clock stands."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.excuse(time.monotonic() - began - processes * ORDINARY_START * self.total_s)

    def excuse(self, seconds: float) -> None:
        """So many of the last seconds were the target's starting, as it turned out."""
        self.started_s += min(max(seconds, 0.0), self.start_left_s)

    # -- calls ------------------------------------------------------------------------------------------------------

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
        return Left(self.calls_left, self.elapsed_s, self.remaining_s, self.spare_s, self.racing_s, self.start_left_s)
