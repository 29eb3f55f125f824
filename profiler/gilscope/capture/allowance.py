"""The time that capturing may take of a process: a share of what has passed, and some at the beginning."""

from __future__ import annotations

__all__ = ["FIRST_NS", "OUTSIDE_NS", "SHARE", "Allowance"]

#: Of the time since capturing began in the process.
SHARE = 0.01
#: What it may take beside that, at once: most of a sample is taken in the beginning.
FIRST_NS = 100_000_000
#: What a call that is looked at takes beside what can be timed within it: calling and returning, of which there is more
#: on slower machines.
OUTSIDE_NS = 400
#: Worth beginning again for.
WORTH_NS = 2_000_000


class Allowance:
    """What is left of it."""

    def __init__(self, began_ns: int) -> None:
        self._began_ns = began_ns
        self._spent_ns = 0

    def spend(self, nanoseconds: int) -> None:
        """One call was looked at for so long."""
        self._spent_ns += nanoseconds + OUTSIDE_NS

    def is_spent(self, now_ns: int) -> bool:
        """Whether nothing is left of it."""
        return self._left_ns(now_ns) < 0

    def is_worth(self, now_ns: int) -> bool:
        """Whether so much is left that it is worth beginning again."""
        return self._left_ns(now_ns) >= WORTH_NS

    def _left_ns(self, now_ns: int) -> float:
        return FIRST_NS + SHARE * (now_ns - self._began_ns) - self._spent_ns
