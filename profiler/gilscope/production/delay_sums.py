"""How long what was due had to wait, counted in this process."""

from __future__ import annotations

from gilscope.production.sketch import bucket

__all__ = ["DelaySums"]


class DelaySums:
    """Delays by their length; written by one thread at a time, and read by others meanwhile."""

    __slots__ = ("lengths", "longest_ns", "total_ns")

    def __init__(self) -> None:
        self.lengths: dict[int, int] = {}
        """By bucket (`gilscope.production.sketch`)."""
        self.total_ns = 0
        self.longest_ns = 0

    def note(self, nanoseconds: int) -> None:
        """One more, of this length."""
        index = bucket(nanoseconds)
        self.lengths[index] = self.lengths.get(index, 0) + 1
        self.total_ns += nanoseconds
        self.longest_ns = max(self.longest_ns, nanoseconds)

    def add(self, other: DelaySums) -> None:
        """Fold in others."""
        for index, count in other.lengths.copy().items():
            self.lengths[index] = self.lengths.get(index, 0) + count
        self.total_ns += other.total_ns
        self.longest_ns = max(self.longest_ns, other.longest_ns)
