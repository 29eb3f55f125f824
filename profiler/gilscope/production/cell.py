"""What one thread learned of one function. A cell is written by its thread alone, so nothing is locked or lost."""

from __future__ import annotations

import sys
from _thread import get_ident
from array import array
from time import perf_counter_ns

from gilscope.production import clocks
from gilscope.production.callers import LOOKED_AT, nearest_caller
from gilscope.production.delay_sums import DelaySums
from gilscope.production.loop_sums import LoopSums
from gilscope.production.rate import LEARNED_AT_A_TIME, WARM_UP
from gilscope.production.sampler import Places
from gilscope.production.sketch import BUCKETS, bucket
from gilscope.production.unavailable import greenlets_of

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from typing import Protocol

    from gilscope.observers.functions import Seen
    from gilscope.production.clocks import Reading, Spent
    from gilscope.production.rate import AdaptiveRate

    class Slot(Protocol):
        """A place in memory that outlives the process."""

        def save(self, cell: Cell, /) -> None: ...

        def save_timed(self, cell: Cell, /) -> None: ...

        def save_calls(self, calls: int, /) -> None: ...


__all__ = ["ADDED", "LARGEST", "Cell", "Sums"]

#: Sums over calls. ``timed``: those whose wall clock was read; ``clocked``: those of them with all clocks read. Where
#: calls are sampled, each stands for as many as its weight w; sums of nanoseconds and
#: steps, and of products of nanoseconds (``ns2``), are weighted with it. ``excess``: Σ w (w − 1).
ADDED = (
    "calls",  # outermost ones that have ended
    "nested",  # calls from within another call of the same function
    "errors",
    "timed_calls",
    "timed_excess",
    "timed_wall_ns",
    "timed_awaited_ns",
    "timed_steps",  # how often a coroutine or a generator was resumed
    "clocked_calls",
    "clocked_alone",  # calls made while the program had no other thread
    "clocked_weight",
    "clocked_excess",
    "clocked_wall_ns",
    "clocked_awaited_ns",
    "clocked_cpu_ns",
    "clocked_runqueue_ns",
    "clocked_wall_wall_ns2",
    "clocked_wall_cpu_ns2",
    "clocked_wall_runqueue_ns2",
    "clocked_cpu_cpu_ns2",
    "clocked_own_ns",  # CPU of other threads, in calls made while the program had none
    "clocked_possible_gil_wait_ns",  # blocked or awaiting while other threads or tasks of the process computed
)
#: Figures of which the largest counts.
LARGEST = ("longest_ns", "longest_block_ns")


class Sums:
    """Figures that add up: over calls, threads and processes."""

    __slots__ = (*ADDED, *LARGEST, "called_from", "durations", "loops", "queue_waits", "runqueue_known", "seen")

    def __init__(self) -> None:
        for name in (*ADDED, *LARGEST):
            setattr(self, name, 0)
        self.durations = array("Q", bytes(8 * BUCKETS))
        self.called_from: dict[str, int] = {}
        """Of the calls that were looked at, by the nearest decorated function that they came from."""
        self.loops: LoopSums | None = None
        """What the calls did on event loops; None until one was on one."""
        self.queue_waits: DelaySums | None = None
        """How long calls had to wait for a thread of their pool, as probes did; None where none was sent."""
        self.runqueue_known = True
        self.seen: Seen | None = None
        """What an observer process saw of the calls."""

    if TYPE_CHECKING:  # what the loop above sets
        longest_ns: int

        def __getattr__(self, name: str) -> int: ...

        def __setattr__(self, name: str, value: object) -> None: ...

    def add(self, other: Sums) -> None:
        """Fold in what another thread learned."""
        for name in ADDED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in LARGEST:
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        for index, count in enumerate(other.durations):
            if count:
                self.durations[index] += count
        for caller, count in tuple(other.called_from.items()):  # another thread's
            self.called_from[caller] = self.called_from.get(caller, 0) + count
        self.runqueue_known = self.runqueue_known and other.runqueue_known
        if other.seen is not None:
            self.add_seen(other.seen)
        if other.loops is not None:
            self.on_loops().add(other.loops)
        if other.queue_waits is not None:
            self.in_queues().add(other.queue_waits)

    def on_loops(self) -> LoopSums:
        """What the calls did on event loops, to be added to."""
        if self.loops is None:
            self.loops = LoopSums()
        return self.loops

    def in_queues(self) -> DelaySums:
        """How long calls had to wait for a thread of their pool, to be added to."""
        if self.queue_waits is None:
            self.queue_waits = DelaySums()
        return self.queue_waits

    def add_seen(self, seen: Seen) -> None:
        """Fold in what an observer process saw."""
        if self.seen is None:
            self.seen = type(seen)()  # of its own, to be added to
        self.seen += seen

    def add_clocked(self, weight: int, span: Spent, alone: bool, awaited_ns: int = 0, between_ns: int = 0) -> None:
        """A call with all clocks read: what was spent while it ran, and what it awaited in between its steps, while the
        process had ``between_ns`` of CPU."""
        wall_ns, cpu_ns, runqueue_ns, others_ns = span
        blocked_ns = wall_ns - cpu_ns - (runqueue_ns or 0)
        self._add_parts(weight, wall_ns + awaited_ns, cpu_ns, runqueue_ns or 0)
        self.clocked_awaited_ns += weight * awaited_ns
        self.runqueue_known = self.runqueue_known and runqueue_ns is not None
        self.clocked_alone += alone
        self.clocked_own_ns += weight * others_ns if alone else 0
        # On a busy machine a thread that holds the GIL has to wait for a CPU too: about as long as this one had to.
        active_ns = others_ns * (cpu_ns + (runqueue_ns or 0)) // cpu_ns if cpu_ns else others_ns
        possible_ns = 0 if alone else max(min(blocked_ns, active_ns), 0)
        self.clocked_possible_gil_wait_ns += weight * (possible_ns + min(awaited_ns, between_ns))

    def _add_parts(self, weight: int, wall_ns: int, cpu_ns: int, runqueue_ns: int) -> None:
        """What estimates of parts of the wall clock are made from (`gilscope.production.estimates`)."""
        self.clocked_calls += 1
        self.clocked_weight += weight
        self.clocked_excess += weight * (weight - 1)
        weighted_wall_ns, weighted_cpu_ns = weight * wall_ns, weight * cpu_ns
        self.clocked_wall_ns += weighted_wall_ns
        self.clocked_cpu_ns += weighted_cpu_ns
        self.clocked_runqueue_ns += weight * runqueue_ns
        self.clocked_wall_wall_ns2 += weighted_wall_ns * wall_ns
        self.clocked_wall_cpu_ns2 += weighted_wall_ns * cpu_ns
        self.clocked_wall_runqueue_ns2 += weighted_wall_ns * runqueue_ns
        self.clocked_cpu_cpu_ns2 += weighted_cpu_ns * cpu_ns


class Cell(Sums):
    """A thread's own figures of one function, and the call of it that the thread is in.

    What a timed call passes through is written out rather than shared: a Python call costs a tenth of all it may cost.
    """

    __slots__ = (
        *("_alone", "_began", "_begun", "_calls_places", "_clock", "_clock_left", "_clock_places", "_rate"),
        *("_recent", "_recent_ns", "_weight", "bucket", "ended", "flags", "inside", "number", "slot", "step", "thread"),
    )

    def __init__(self, rate: AdaptiveRate) -> None:
        super().__init__()
        self.ended = False
        """Whether its thread has ended."""
        self.thread = get_ident()
        """The thread's number."""
        self.inside = False
        """Whether the thread is in a call of the function right now."""
        self.step: object = None
        """The call (`gilscope.production.call.Call`) that is in a step right now; None where there is none."""
        self.flags: bytearray | None = None
        """Where that can be read from outside, as the byte ``number`` (see `gilscope.production.publishing`)."""
        self.number = 0
        self.bucket = 0
        """Of ``durations``, the one that changed last."""
        self.slot: Slot | None = None
        """Where what it has counted outlives the process (see `gilscope.production.journal`)."""
        self._rate = rate
        self._calls_places, self._clock_places = Places(), Places()
        self._clock_left = 0  # timed calls until the next with all clocks
        self._weight = self._clock = self._began = self._recent = self._recent_ns = 0
        self._alone = False
        self._begun: Reading | None = None

    def weigh(self) -> int:
        """How many of this thread's calls the next one stands for; 0 when it is to pass unmeasured."""
        return self._calls_places.take(self._rate.block)

    def weigh_clocks(self, weight: int) -> int:
        """How many calls one that stands for ``weight`` calls stands for with all clocks; 0: they are not read."""
        if self._clock_left or not weight:
            self._clock_left -= weight > 0
            return 0
        if greenlets_of() is not None:  # a thread's clocks are no call's: not to be asked again
            self._clock_left = sys.maxsize
            return 0
        if self.clocked_calls < WARM_UP or not self.clocked_calls % LOOKED_AT:
            caller = nearest_caller()
            self.called_from[caller] = self.called_from.get(caller, 0) + 1
        stands_for = weight * self._clock_places.block
        self._clock_left = self._clock_places.next_gap(self._rate.clock_block)
        return stands_for

    def begin(self, weight: int) -> None:
        """A call that stands for ``weight`` calls begins; 0: it is counted and not measured."""
        self._weight = weight
        if self._clock_left and weight:
            self._clock_left -= 1
            self._began = perf_counter_ns()
        elif weight:
            self._clock = self.weigh_clocks(weight)
            self._alone = clocks.alone()
            self._began = perf_counter_ns()
            self._begun = clocks.begin()
        # Last here and first in `end`: an interrupt in between must not leave it set for good.
        self.inside = True
        if self.flags is not None:
            self.flags[self.number] = 1

    def end(self) -> None:
        """The call that began has ended."""
        self.inside = False
        if self.flags is not None:
            self.flags[self.number] = 0
        if self._clock:
            self._end_clocked()
            self.calls += 1
            self.save(1)
            return
        if weight := self._weight:
            wall_ns = perf_counter_ns() - self._began
            self.timed_calls += 1
            self.timed_wall_ns += weight * wall_ns
            self.bucket = bucket(wall_ns)
            self.durations[self.bucket] += weight
            if wall_ns > self.longest_ns:
                self.longest_ns = wall_ns
            self._recent_ns += wall_ns
            self._recent += 1
            if self._recent == LEARNED_AT_A_TIME:
                self._learn()
        self.calls += 1
        if self.slot is not None:
            if weight and self._recent:
                self.slot.save_timed(self)
            else:
                self.save(weight)

    def save(self, weight: int) -> None:
        """A call was counted; a ``weight`` of 0: and no more than that."""
        if self.slot is None:
            return
        if weight:
            self.slot.save(self)
        else:
            self.slot.save_calls(self.calls)

    def begin_anew(self) -> None:
        """Another thread has it from now on: the one that had it has ended."""
        self.ended = self.inside = False
        self.thread, self.step = get_ident(), None
        self.flags, self.number = None, 0

    def failed(self) -> None:
        """The call raised; `end` follows."""
        self.errors += 1
        self.save(1)

    def add_timed(self, weight: int, wall_ns: int) -> None:
        """A call whose wall clock was read."""
        self.timed_calls += 1
        self.timed_wall_ns += weight * wall_ns
        self.bucket = bucket(wall_ns)
        self.durations[self.bucket] += weight
        self.longest_ns = max(self.longest_ns, wall_ns)
        self._recent_ns += wall_ns
        self._recent += 1
        if self._recent >= LEARNED_AT_A_TIME:
            self._learn()

    def _end_clocked(self) -> None:
        assert self._begun is not None
        span = clocks.spent(self._begun, clocks.end())
        self.add_timed(self._weight, span[0])
        self.add_clocked(self._clock, span, self._alone)
        self._rate.clocked(span[1], self._begun[3] - self._began)
        self._clock = 0

    def recent_excess(self) -> int:
        """What ``timed_excess`` lacks yet, of the calls that were timed lately."""
        return self._recent * self._rate.block * (self._rate.block - 1)

    def _learn(self) -> None:
        """Set the rate by the calls that were timed lately: a few at a time, for it takes a while."""
        self.timed_excess += self.recent_excess()
        self._rate.timed(self._recent, self._recent_ns)
        self._recent = self._recent_ns = 0
