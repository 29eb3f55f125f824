"""How often the calls of a function are measured: by their length, so that measuring costs little beside them."""

from __future__ import annotations

from gilscope.production import clocks

__all__ = ["EVERY_CALL_NS", "MAX_BLOCK", "AdaptiveRate"]

#: From this length on every call is timed, at a cost below one percent of it.
EVERY_CALL_NS = 200_000
#: How fast calls that are shorter are timed less often: those of a tenth of that length reach the limit below.
_STEEPNESS = 1.5
#: The fewest calls timed: one of so many.
MAX_BLOCK = 32
#: The fewest calls measured with all clocks: one of so many.
MAX_CLOCK_BLOCK = 512
#: What reading all clocks may add to a call, as a part of its wall clock, and of its CPU time: a function that waits
#: has time to spare, but what it takes of the interpreter others go without.
WALL_SHARE = 0.002
CPU_SHARE = 0.05
#: The first calls are all measured, so that a function called rarely is known too.
WARM_UP = 32
#: Timed calls of a thread that the rate is set by at a time.
LEARNED_AT_A_TIME = 32
#: The weight of the latest in the running means: of what happened a hundred measured calls ago little is left.
_LATEST_TIMED, _LATEST_CLOCKED = 1 / 2, 1 / 16
#: After a long call the caches are cold, and reading clocks takes longer; beyond so much, it was interrupted.
MOST_COLD = 4


class AdaptiveRate:
    """The running means of a function's calls, and how many of the calls are measured for that.

    Shared by the threads: what one of them overwrites delays the means by some calls, and changes nothing that is
    counted.
    """

    __slots__ = ("_clocked", "_cost_ns", "_cpu_ns", "_timed", "_wall_ns", "block", "clock_block", "max_block")

    def __init__(self, max_block: int = MAX_BLOCK) -> None:
        self.max_block = max_block
        """At least one of so many calls is timed."""
        self.block = 1
        """One of so many calls is timed."""
        self.clock_block = 1
        """One of so many timed calls is measured with all clocks."""
        self._timed = self._clocked = 0
        self._wall_ns = self._cpu_ns = self._cost_ns = 0.0

    def timed(self, calls: int, wall_ns: int) -> None:
        """Learn from calls that were timed: how many, and their wall clock together."""
        latest = _LATEST_TIMED if self._timed else 1.0
        self._wall_ns += (wall_ns / calls - self._wall_ns) * latest
        self._timed += calls
        if self._timed >= WARM_UP:
            self._set()

    def clocked(self, cpu_ns: int, reading_ns: int | None = None) -> None:
        """Learn from a call that was measured with all clocks, and how long reading them once took where that is
        known."""
        self._clocked += 1
        latest, usual_ns = max(_LATEST_CLOCKED, 1 / self._clocked), clocks.cost_ns()[0]
        cost_ns = usual_ns if reading_ns is None else min(2 * reading_ns, MOST_COLD * usual_ns)
        self._cpu_ns += (cpu_ns - self._cpu_ns) * latest
        self._cost_ns += (cost_ns - self._cost_ns) * latest

    def _set(self) -> None:
        self.block = min(self.max_block, int((EVERY_CALL_NS / max(self._wall_ns, 1.0)) ** _STEEPNESS) + 1)
        allowed = max(min(WALL_SHARE * self._wall_ns, CPU_SHARE * self._cpu_ns), 1.0)
        wanted = round((self._cost_ns or clocks.cost_ns()[0]) / allowed / self.block)
        self.clock_block = min(max(1, wanted), MAX_CLOCK_BLOCK // self.block)
