"""How long functions held the GIL at a time while others wanted it, and how long altogether.

A hold goes from one hand-over to the next. Of its beginning and end a sample sees only between which two looks they
lie, but the GIL's own count of hand-overs says how many there were between them: of ``k`` in a gap the nearest is half
a ``k``-th of it away on the average. Short holds are mostly not seen: one of length ``L`` is with a chance of ``L /
gap``, so each that is seen counts for the inverse of that (Horvitz & Thompson, 1952), in quantiles too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gilscope.programs.moments import Frame, GilLook, ProcessMoment, PythonFunction
from gilscope.programs.places import telling
from gilscope.programs.tally import Seconds

__all__ = ["FunctionHolds", "GilHolds", "GilSeen", "weighted_quantile"]

#: Lengths kept of each function; of more, only every second is, and counts twice.
MOST_LENGTHS: Final = 2_000
MOST_FUNCTIONS: Final = 2_000
#: Who waits for the GIL asks for it after a switch interval, and needs a CPU to do so, which takes so long at most, and
#: so long where all are busy. A hold that was seen to go on for longer is native code's, which is not asked before it
#: returns.
GETS_CPU_S, GETS_CPU_AMONG_MANY_S = 0.005, 0.01
#: A gap between looks longer than so many of the usual ones says nothing of what went on in it.
LOST_SPANS: Final = 5.0


@dataclass(slots=True)
class FunctionHolds:
    """The holds by one function."""

    held_s: float = 0.0
    blocked_s: Seconds[str] = field(default_factory=lambda: defaultdict(float))
    """Of that, while the holder was blocked, by state."""
    lengths: list[tuple[float, float]] = field(default_factory=list)
    """Seconds of each wanted hold that was seen, and how many it counts for."""
    seen: int = 0
    every: int = 1
    """Of those that were seen, one of so many is kept."""
    longest_s: float = 0.0
    longest_at_s: float = 0.0
    longest_stack: tuple[Frame, ...] = ()
    wanted_s: float = 0.0
    """Of all wanted holds, short ones that were not seen included."""
    unyielding_s: float = 0.0
    """Of that, in holds that went on for long though another thread had asked for it, and the holder ran."""

    def add(self, hold: _Hold, length_s: float, weight: float) -> None:
        """One wanted hold that has ended."""
        began_s, stack = hold.wanted_s or 0.0, hold.stack
        self.seen += 1
        self.wanted_s += length_s * weight
        if hold.last_s - began_s - hold.without_cpu_s > hold.asked_s:
            self.unyielding_s += length_s * weight
        if self.seen % self.every == 0:
            self.lengths.append((length_s, weight * self.every))
        if len(self.lengths) > MOST_LENGTHS:
            self.every *= 2
            self.lengths = [(seconds, 2 * counts) for seconds, counts in self.lengths[::2]]
        if length_s > self.longest_s:
            self.longest_s, self.longest_at_s, self.longest_stack = length_s, began_s, stack

    def __iadd__(self, other: FunctionHolds) -> FunctionHolds:
        """Those of another process, too."""
        self.held_s += other.held_s
        for state, seconds in other.blocked_s.items():
            self.blocked_s[state] += seconds
        self.lengths += other.lengths
        self.wanted_s += other.wanted_s
        self.unyielding_s += other.unyielding_s
        if other.longest_s > self.longest_s:
            self.longest_s, self.longest_at_s, self.longest_stack = (
                other.longest_s, other.longest_at_s, other.longest_stack,
            )  # fmt: skip
        return self

    @property
    def count(self) -> int:
        """Estimated, short ones that were not seen included."""
        return round(sum(weight for _, weight in self.lengths))


@dataclass(slots=True)
class _Hold:
    """One that goes on."""

    switches: int
    tid: int
    function: PythonFunction
    stack: tuple[Frame, ...]
    wanted_s: float | None
    """When it was first seen to be wanted."""
    before_s: float
    """Of the gap before, what belongs to it."""
    last_s: float
    asked_s: float = 0.0
    """After which who wanted it had asked for it."""
    without_cpu_s: float = 0.0
    """Since it was wanted, while its holder was ready and given no CPU: it cannot give the GIL up then."""


class _OneGil:
    """The holds of one GIL."""

    def __init__(self, functions: dict[PythonFunction, FunctionHolds]) -> None:
        self._functions = functions
        self._hold: _Hold | None = None
        self._seen_s: float | None = None
        self._switches = 0

    def see(self, moment: ProcessMoment, gil: GilLook, wanted: bool) -> None:
        at_s, span_s = moment.at_s, moment.span_s
        gap_s = 0.0 if self._seen_s is None else min(at_s - self._seen_s, LOST_SPANS * span_s)
        share_s = gap_s / (2 * max(1, gil.switches - self._switches))
        hold = self._hold
        if hold is not None and not _goes_on(hold, gil):
            self._end(hold, share_s, span_s)
            hold = self._hold = None
        function = telling(gil.holder_stack) if gil.held else None
        if function is not None and gil.holder is not None:
            if hold is None:
                stack = gil.holder_stack or ()
                hold = self._hold = _Hold(gil.switches, gil.holder.tid, function, stack, None, share_s, at_s)
            self._see_held(hold, function, gil, wanted, moment)
        self._seen_s, self._switches = at_s, gil.switches

    def _see_held(
        self, hold: _Hold, function: PythonFunction, gil: GilLook, wanted: bool, moment: ProcessMoment
    ) -> None:
        span_s, since_s = moment.span_s, moment.at_s - hold.last_s
        hold.last_s = moment.at_s
        if hold.wanted_s is not None and gil.holder is not None and gil.holder.on_cpu is False:
            hold.without_cpu_s += since_s
        if wanted and hold.wanted_s is None:
            hold.wanted_s = moment.at_s
        gets_cpu_s = GETS_CPU_AMONG_MANY_S if moment.cpus_saturated else GETS_CPU_S
        hold.asked_s = max(hold.asked_s, gil.interval_s + gets_cpu_s)
        holds = _holds_of(self._functions, function)
        holds.held_s += span_s
        if gil.holder is None:
            return
        if gil.holder.wait not in (None, "gil_wait"):  # of those it was handed to, some wait for a CPU to notice
            holds.blocked_s[gil.holder.wait] += span_s

    def _end(self, hold: _Hold, after_s: float, span_s: float) -> None:
        if hold.wanted_s is None:
            return
        length_s = hold.last_s - hold.wanted_s + hold.before_s + after_s
        weight = max(1.0, span_s / length_s) if length_s > 0 else 1.0
        _holds_of(self._functions, hold.function).add(hold, length_s, weight)

    def finish(self, span_s: float) -> None:
        """End the one that goes on, as far as it was seen."""
        if self._hold is not None:
            self._end(self._hold, 0.0, span_s)
            self._hold = None


def _goes_on(hold: _Hold, gil: GilLook) -> bool:
    """A thread that gives it up and takes it again before anyone else could is not seen to; it is where another wants
    it, for CPython then makes it wait for the switch (``drop_gil`` in Python/ceval_gil.c)."""
    return bool(gil.held) and gil.switches == hold.switches and gil.holder is not None and gil.holder.tid == hold.tid


def _holds_of(functions: dict[PythonFunction, FunctionHolds], function: PythonFunction) -> FunctionHolds:
    known = function in functions or len(functions) < MOST_FUNCTIONS
    return functions.setdefault(function if known else PythonFunction("(other functions)", "", 0), FunctionHolds())


@dataclass(slots=True)
class GilSeen:
    """For how long one GIL was held, and was looked at."""

    interpreters: tuple[int, ...] = ()
    """That ran under it when it was last looked at."""
    held_s: float = 0.0
    observed_s: float = 0.0
    interval_s: float | None = None
    """Its switch interval, then; None before."""

    def see(self, gil: GilLook, span_s: float) -> None:
        self.interpreters, self.interval_s = gil.interpreters, gil.interval_s
        self.held_s += span_s * bool(gil.held)
        self.observed_s += span_s


class GilHolds:
    """The holds' view of the moments of one process."""

    def __init__(self) -> None:
        self.functions: dict[PythonFunction, FunctionHolds] = {}
        self.held_s = 0.0
        self.observed_s = 0.0
        """Of all its GILs whose holder could be told."""
        self.by_gil: dict[int, GilSeen] = {}
        """By the first of the interpreters that run under it."""
        self._gils: dict[tuple[int, ...], _OneGil] = {}
        self._span_s = 0.0

    def see(self, moment: ProcessMoment) -> None:
        self._span_s = moment.span_s
        wanted = {look.gil for look in moment.threads if look.wait == "gil_wait"}
        for number, gil in enumerate(moment.gils):
            if gil.held is None:
                continue
            self.observed_s += moment.span_s
            self.by_gil.setdefault(gil.interpreters[0], GilSeen()).see(gil, moment.span_s)
            self.held_s += moment.span_s * gil.held
            watched = self._gils.setdefault(gil.interpreters[:1], _OneGil(self.functions))
            watched.see(moment, gil, number in wanted)

    def finish(self) -> None:
        """End the holds that go on."""
        for gil in self._gils.values():
            gil.finish(self._span_s)


def weighted_quantile(weighed: Sequence[tuple[float, float]], fraction: float) -> float:
    """The value below which ``fraction`` of the weight lies; 0 of nothing."""
    ordered = sorted(weighed)
    left = fraction * sum(weight for _, weight in ordered)
    for value, weight in ordered:
        left -= weight
        if left <= 0:
            return value
    return ordered[-1][0] if ordered else 0.0
