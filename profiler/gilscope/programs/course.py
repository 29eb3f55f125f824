"""The course of time: what was going on in each of a few hundred stretches of it, however long it is.

Stretches are as long as it takes for `MOST_STRETCHES` to reach: when there would be more, each two become one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from operator import add
from typing import Final

from gilscope.programs.holders import HolderSeries
from gilscope.programs.moments import ProcessMoment
from gilscope.programs.tally import OTHER_STATES, Tallied, is_stopped
from gilscope.records import STATES

__all__ = ["MOST_STRETCHES", "Course", "Series"]

MOST_STRETCHES: Final = 512
#: Threads that have lanes, the first that were seen.
MOST_LANES: Final = 200
#: GILs whose holders are told, the first that were seen.
MOST_GILS: Final = 64
FIRST_S: Final = 0.02
_STATES: Final = (*STATES, *OTHER_STATES)
_NUMBERS: Final = {state: number for number, state in enumerate(_STATES)}


class Series:
    """Sums in stretches of time: ``width`` figures in each."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._sums = array("f")

    def add(self, stretch: int, figure: int, amount: float) -> None:
        at = stretch * self.width + figure
        if at >= len(self._sums):
            self._sums.extend([0.0] * ((stretch + 1) * self.width - len(self._sums)))
        self._sums[at] += amount

    def of(self, stretch: int) -> tuple[float, ...]:
        """The sums of one stretch; zeros where there were none."""
        found = self._sums[stretch * self.width : (stretch + 1) * self.width]
        return tuple(found) or (0.0,) * self.width

    def halve(self) -> None:
        """Make one of each two stretches."""
        old, width = self._sums, self.width
        old.extend([0.0] * (-len(old) % (2 * width)))
        self._sums = array("f", bytes(old.itemsize * len(old) // 2))
        for figure in range(width):  # all stretches at once: of hundreds of threads this is a pause in looking
            self._sums[figure::width] = array("f", map(add, old[figure :: 2 * width], old[figure + width :: 2 * width]))


class Course:
    """The view of the moments of one process over time.

    :param began_s: when the first of them may come (`time.monotonic`)
    """

    def __init__(self, began_s: float) -> None:
        self._began_s = began_s
        self.stretch_s = FIRST_S
        self.states = Series(len(_STATES))
        """Thread-seconds by state."""
        self.gils: dict[tuple[int, ...], Series] = {}
        """Seconds in which a GIL was held, and was looked at, by the interpreters that run under it."""
        self.alive = Series(2)
        """Threads × seconds, and seconds."""
        self.holders: dict[tuple[int, ...], HolderSeries] = {}
        """Of each GIL, by the interpreters that run under it."""
        self.lanes: dict[int, Series] = {}
        """Thread-seconds by state, by thread."""
        self.last = 0
        """The last stretch in which there was a moment."""

    def see(self, moment: ProcessMoment, threads: Iterable[Tallied]) -> None:
        stretch = self._stretch(moment.at_s)
        self.last = max(self.last, stretch)
        self.alive.add(stretch, 0, moment.threads_alive * moment.span_s)
        self.alive.add(stretch, 1, moment.span_s)
        stopped = is_stopped(moment)
        for gil in moment.gils:
            fits = gil.interpreters in self.holders or len(self.holders) < MOST_GILS
            if gil.held is not None and not stopped and fits:
                looks = self.gils.setdefault(gil.interpreters, Series(2))
                looks.add(stretch, 0, moment.span_s * gil.held)
                looks.add(stretch, 1, moment.span_s)
                self.holders.setdefault(gil.interpreters, HolderSeries()).add(stretch, gil, moment.span_s)
        for look, state, seconds in threads:
            self.states.add(stretch, _NUMBERS[state], seconds)
            if look.tid in self.lanes or len(self.lanes) < MOST_LANES:
                self.lanes.setdefault(look.tid, Series(len(_STATES))).add(stretch, _NUMBERS[state], seconds)

    def _stretch(self, at_s: float) -> int:
        while (stretch := max(0, int((at_s - self._began_s) / self.stretch_s))) >= MOST_STRETCHES:
            self.stretch_s *= 2
            for series in (self.states, *self.gils.values(), self.alive, *self.lanes.values()):
                series.halve()
            for holders in self.holders.values():
                holders.halve()
            self.last //= 2
        return stretch

    def state_s(self, stretch: int) -> dict[str, float]:
        """Sampled thread-seconds of a stretch by state."""
        return dict(zip(_STATES, self.states.of(stretch), strict=True))

    def mostly(self, tid: int) -> Iterator[str]:
        """The state in which a thread mostly was, stretch by stretch; ``unknown`` where nobody looked."""
        for stretch in range(self.last + 1):
            seconds = self.lanes[tid].of(stretch)
            most = max(range(len(_STATES)), key=seconds.__getitem__)
            yield _STATES[most] if seconds[most] > 0 else "unknown"
