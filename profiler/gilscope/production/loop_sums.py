"""What one thread learned of a function's steps on its event loops; adds up over threads."""

from __future__ import annotations

from gilscope.production.awaiting import KINDS, THREADS
from gilscope.production.sketch import bucket

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from typing import TypeAlias

    #: Where a loop was found blocked: the file, the line, the function, what it calls, and the line's text.
    Place: TypeAlias = tuple[str, int, str, str | None, str | None]
    #: How often that was, for how many nanoseconds, and the stack that was seen first.
    Found: TypeAlias = tuple[int, int, tuple[str, ...]]

__all__ = ["BLOCK_NS", "MOST_PLACES", "LoopSums"]

#: A step of at least so long is counted as a block of its loop: shorter ones nobody notices.
BLOCK_NS = 1_000_000
#: Of a function so many places are kept; what is found elsewhere then is not.
MOST_PLACES = 32


class LoopSums:
    """Of the calls that are measured with all clocks, what they awaited; of those that are timed, all the rest. Each
    call stands for as many as its weight."""

    __slots__ = ("awaited_ns", "blocks", "first_ns", "places", "threads_cpu_ns", "wall_ns")

    def __init__(self) -> None:
        self.first_ns = 0
        """When the first step began, by the performance counter; 0 when there was none."""
        self.wall_ns = 0
        """From then to the end of the last step."""
        self.blocks: dict[int, int] = {}
        """Steps of `BLOCK_NS` and more, by their bucket (`gilscope.production.sketch`)."""
        self.awaited_ns = [0] * len(KINDS)
        self.threads_cpu_ns = 0
        """CPU that the process's other threads had while an executor's threads were awaited: no more than that took."""
        self.places: dict[Place, Found] = {}
        """Where the loop was found blocked."""

    def add_block(self, wall_ns: int, weight: int) -> None:
        """A step of `BLOCK_NS` or more."""
        index = bucket(wall_ns)
        self.blocks[index] = self.blocks.get(index, 0) + weight

    def add_call(self, first_ns: int, last_ns: int) -> None:
        """A call has ended, whose first step began and whose last one ended then."""
        if not self.first_ns:
            self.first_ns = first_ns
        self.wall_ns = last_ns - self.first_ns

    def add_awaited(self, awaited_ns: list[int], threads_cpu_ns: int, weight: int) -> None:
        """What one call awaited, by `KINDS`."""
        self.awaited_ns = [old + weight * new for old, new in zip(self.awaited_ns, awaited_ns, strict=True)]
        self.threads_cpu_ns += weight * min(threads_cpu_ns, awaited_ns[THREADS])

    def add_place(self, place: Place, nanoseconds: int, stack: tuple[str, ...], times: int = 1) -> None:
        """The loop was found blocked there, for so long since it was last looked at."""
        before = self.places.get(place)
        if before is not None:
            self.places[place] = (before[0] + times, before[1] + nanoseconds, before[2])
        elif len(self.places) < MOST_PLACES:
            self.places[place] = (times, nanoseconds, stack)

    def add(self, other: LoopSums) -> None:
        """Fold in what another thread learned, while it may learn more."""
        self.wall_ns += other.wall_ns
        self.add_awaited(other.awaited_ns, other.threads_cpu_ns, 1)
        for index, count in other.blocks.copy().items():
            self.blocks[index] = self.blocks.get(index, 0) + count
        for place, (times, nanoseconds, stack) in other.places.copy().items():
            self.add_place(place, nanoseconds, stack, times)
