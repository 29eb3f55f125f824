"""The record of a function's profile: what its calls have shown, in figures that add up over processes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope.decide.demands import scaled
from gilscope.production import sketch
from gilscope.production.awaiting import KINDS
from gilscope.production.delays import Delays
from gilscope.production.estimates import Part, Sample, line_tells, mean_error_s, mean_s
from gilscope.production.observed import Observed, divided
from gilscope.production.on_loops import OnLoops
from gilscope.records import (
    LOOP_KINDS,
    WAIT_STATES,
    Demands,
    Kind,  # msgspec asks for it
    Record,
)

if TYPE_CHECKING:
    pass

__all__ = ["ProfileRecord"]

#: From the first of so many calls to the last is long enough beside one of them to be called the time of their loop.
MIN_SPANNED = 10
#: Calls that were all made in one function, from which it is taken for the only one that makes them.
MIN_LOOKED_AT = 10


class ProfileRecord(Record, frozen=True, kw_only=True):
    """What the calls of one function have shown.

    ``timed``: calls whose wall clock was read; ``clocked``: those of them in which all clocks were. Both are random
    samples where calls are short; sums over them are weighted by how many calls each stands for. The properties are the
    estimates for all calls, and None where nothing is known.
    """

    spec: str
    """``package.module:qualname``."""
    name: str
    kind: Kind = "sync"
    file: str | None = None
    line: int | None = None
    digest: str | None = None
    """Of its code, wherever that stands (`gilscope.production.code_digest`)."""
    gil_enabled: bool = True
    needs_inputs: bool | None = None
    """Whether it has parameters without a default that its decorator gave no value for. None where that is unknown."""
    interpreter_pools: bool | None = None
    """Whether its Python has pools of interpreters (3.14 and later). None in files of versions that did not tell."""
    greenlets: bool = False
    """Whether the program's threads are greenlets, which share a thread's clocks: these are not read then."""
    processes: int = 1
    cpus: float | None = None
    """That the process may use; the most of several. None in files of versions that did not tell."""
    calls: int = 0
    """Outermost calls that have ended: exact."""
    nested: int = 0
    """Calls made from within another call of the same function, in the same thread or chain of awaits."""
    errors: int = 0
    """Outermost calls that raised: exact. A generator that was closed early has not."""
    timed_calls: int = 0
    timed_excess: int = 0
    """Σ w (w − 1) over the timed calls, of which each stands for w: 0 where each stands for itself."""
    timed_wall_s: float = 0.0
    timed_awaited_s: float = 0.0
    timed_steps: int = 0
    """How often a coroutine or a generator was resumed."""
    clocked_calls: int = 0
    clocked_alone: int = 0
    """Calls made while the process had no other thread that Python knows of."""
    clocked_weight: int = 0
    clocked_excess: int = 0
    """As ``timed_excess``."""
    clocked_wall_s: float = 0.0
    clocked_awaited_s: float = 0.0
    clocked_cpu_s: float = 0.0
    clocked_runqueue_s: float | None = None
    clocked_wall_wall_s2: float = 0.0
    """Σ w wall², by which the parts of the wall clock are told for all calls (`gilscope.production.estimates`); 0 in
    files of versions that did not keep it."""
    clocked_wall_cpu_s2: float = 0.0
    clocked_wall_runqueue_s2: float = 0.0
    clocked_cpu_cpu_s2: float = 0.0
    clocked_own_s: float = 0.0
    """CPU of threads that Python does not know of, in calls made while it knew of no other thread."""
    clocked_possible_gil_wait_s: float = msgspec.field(default=0.0, name="clocked_unclear_s")  # as it is in files
    """Blocked, or awaiting, while other threads or tasks of the process used as much CPU."""
    called_from: dict[str, int] = msgspec.field(default_factory=dict)
    """Clocked calls that were looked at, by the nearest decorated function (its ``spec``) that they were made in; by an
    empty string those made in none."""
    cpu_limit_s: float | None = None
    """The CPU of its only caller, where by its own calls alone it would be more (`gilscope.production.nesting`)."""
    durations: dict[int, int] = msgspec.field(default_factory=dict)
    """The sketch of the wall clocks: calls by bucket (`gilscope.production.sketch`)."""
    longest_s: float | None = None
    """The longest wall clock of the timed calls."""
    longest_block_s: float | None = None
    """The longest single step of a coroutine, among the timed calls: for so long nothing else ran on its event loop."""
    on_loops: OnLoops | None = None
    """What the calls did on event loops; None where they are on none, and in files of versions that did not tell."""
    queue_waits: Delays | None = None
    """What was handed to the pool of threads that calls run in waited for one of them; None where nobody tried
    (`gilscope.observe`), or calls run in no pool."""
    observed: Observed | None = None
    """What `gilscope.observe` saw of the calls; None where it was off."""

    @property
    def timed_weight(self) -> int:
        """How many calls the timed ones stand for."""
        return sum(self.durations.values())

    @property
    def mean_s(self) -> float | None:
        """The mean wall clock of a call. Of a generator: without the time in which nobody asked it for an item."""
        weight = self.timed_weight
        return self.timed_wall_s / weight if weight else None

    @property
    def wall_s(self) -> float | None:
        """Wall clock of all calls. Those that overlap in time count each."""
        return self._of_all(1.0)

    @property
    def wall_error_s(self) -> float | None:
        """The standard error of ``wall_s`` from sampling; 0 where every call was timed.

        Of a mean (`gilscope.production.estimates.Sample.variance_factor`).
        """
        if not self.timed_calls:
            return None
        mean, square = sketch.moments(self.durations)
        timed = Sample(self.timed_calls, self.timed_weight, self.timed_excess, 0.0, 0.0)
        return self.calls * math.sqrt(max(square - mean**2, 0.0) * timed.variance_factor(self.calls))

    @property
    def cpu_s(self) -> float | None:
        """CPU of the calling threads. Estimated by calls: a machine that makes them longer makes it no more."""
        cpu_s = self._cpu_of_all
        return cpu_s if cpu_s is None or self.cpu_limit_s is None else min(cpu_s, self.cpu_limit_s)

    @property
    def cpu_error_s(self) -> float | None:
        """The standard error of ``cpu_s`` from sampling; 0 where every call was measured with all clocks. None where
        too few were to tell."""
        sample, wall_error_s = self._clocked, self.wall_error_s
        if sample is None or wall_error_s is None or not self.calls or sample.wall_wall_s2 <= 0:
            return None
        each_s = mean_error_s(sample, self._cpu, self.clocked_cpu_cpu_s2, wall_error_s / self.calls, self.calls)
        return None if each_s is None else self.calls * each_s

    @property
    def only_caller(self) -> str | None:
        """The decorated function, by its ``spec``, in which all calls were made that were looked at; None where there
        is none, or it is not known for enough of them. What a generator does may be done in another."""
        if len(self.called_from) != 1 or self.kind not in ("sync", "coroutine"):
            return None
        [(caller, looked_at)] = self.called_from.items()
        return caller if caller and looked_at >= MIN_LOOKED_AT else None

    @property
    def runqueue_s(self) -> float | None:
        """Ready to run, but given no CPU; None where the kernel does not tell."""
        cpu_s, wall_s = self._cpu_of_all, self.wall_s
        if self.clocked_runqueue_s is None or cpu_s is None or wall_s is None:
            return None
        if not self._line_tells:
            # What made calls longer than those that were clocked is of the kinds that these show beside CPU; where they
            # show none, the call never waits, and was given no CPU.
            off_cpu_s = self.clocked_wall_s - self.clocked_cpu_s
            share = min(self.clocked_runqueue_s / off_cpu_s, 1.0) if off_cpu_s > 1e-3 * self.clocked_wall_s else 1.0
            return max(wall_s - cpu_s, 0.0) * share
        queued_s = self._part_of_all(Part(self.clocked_runqueue_s, self.clocked_wall_runqueue_s2))
        return None if queued_s is None else min(queued_s, max(wall_s - cpu_s, 0.0))

    @property
    def awaited_s(self) -> float | None:
        """Between the steps of a coroutine: for what it awaits, and for its turn on the event loop."""
        if not self.timed_wall_s:
            return None
        return self._of_all(self.timed_awaited_s / self.timed_wall_s)

    @property
    def awaited_by_s(self) -> dict[str, float]:
        """``awaited_s`` by what was awaited: ``outside`` (sockets, timers), ``threads`` and ``processes`` of executors,
        ``tasks`` (with locks and queues), ``unknown``. Empty where none of it is known."""
        awaited_s = self.awaited_s
        if self.on_loops is None or awaited_s is None or self.clocked_wall_s <= 0:
            return {}
        told = {kind: getattr(self.on_loops, f"awaited_{kind}_s") for kind in KINDS}
        return {kind: awaited_s * seconds / (self.clocked_awaited_s or 1.0) for kind, seconds in told.items()}

    @property
    def on_loop_s(self) -> float | None:
        """Of ``wall_s`` the steps of coroutines, in which nothing else ran on their event loops; None for functions
        that are on none."""
        if self.kind not in LOOP_KINDS or self.wall_s is None:
            return None
        return self.wall_s - (self.awaited_s or 0.0)

    @property
    def loop_share(self) -> float | None:
        """The part of their event loops' time that the steps took, from the first call to the last; None where that is
        unknown, or no span to speak of: of fewer than `MIN_SPANNED` calls."""
        if self.on_loop_s is None or self.on_loops is None or self.timed_calls < MIN_SPANNED:
            return None
        return min(self.on_loop_s / self.on_loops.wall_s, 1.0) if self.on_loops.wall_s > 0 else None

    @property
    def blocked_s(self) -> float | None:
        """Off the CPU by its own doing, awaiting included: all that is neither CPU nor run queue (which is in it where
        the kernel does not tell)."""
        cpu_s, wall_s = self.cpu_s, self.wall_s
        if cpu_s is None or wall_s is None:
            return None
        return max(wall_s - cpu_s - (self.runqueue_s or 0.0), 0.0)

    @property
    def possible_gil_wait_s(self) -> float | None:
        """The part of ``blocked_s`` in which others in the process computed: a wait for the GIL, or for the outside
        world, its turn on the event loop, or threads that its libraries started. Observed, only what was awaited or
        blocked on locks, which those threads let it wait for, is left open."""
        possible_s, states = self._of_blocked(self.clocked_possible_gil_wait_s), self.states_s
        if possible_s is None or "gil_wait" not in states:
            return possible_s
        return min(max(possible_s - states["gil_wait"], 0.0), states["lock"] + (self.awaited_s or 0.0))

    @property
    def states_s(self) -> dict[str, float]:
        """``cpu_s`` and ``blocked_s`` of all calls by state (`gilscope.records.STATES`), divided as observed; what was
        awaited is in none. Empty where the calls were not observed, or hardly."""
        cpu_s, blocked_s = self.cpu_s, self.blocked_s
        if cpu_s is None or blocked_s is None:
            return {}
        awaited_s = self._of_blocked(self.clocked_awaited_s) or 0.0
        return divided(self.observed, cpu_s, max(blocked_s - awaited_s, 0.0))

    @property
    def wall_by_state_s(self) -> dict[str, float | None]:
        """The wall clock of all calls by state: `states_s`, the run queue and, of coroutines, what was awaited. The GIL
        held off the CPU is a part of other states, and none beside them. None where unknown."""
        states: dict[str, float | None] = {"runqueue": self.runqueue_s, **self.states_s}
        states.pop("gil_held_off_cpu", None)
        return states | ({"awaited": self.awaited_s} if self.kind in LOOP_KINDS else {})

    @property
    def gil_held_ratio(self) -> float | None:
        """The share of its wall clock in which a call held the GIL; None where it was not observed."""
        states, wall_s = self.states_s, self.wall_s
        if not wall_s or "cpu_gil" not in states:
            return None
        return (states["cpu_gil"] + states.get("gil_held_off_cpu", 0.0)) / wall_s

    @property
    def gil_held_at_most(self) -> float | None:
        """What `gil_held_ratio` is at most: hardly seen on a CPU, a call may have held the GIL whenever it was."""
        held_s, wall_s, cpu_s = self.states_s.get("gil_held_off_cpu"), self.wall_s, self.cpu_s
        if self.gil_held_ratio is not None or held_s is None or cpu_s is None or not wall_s:
            return self.gil_held_ratio
        return (cpu_s + held_s) / wall_s

    @property
    def own_threads_cpu_s(self) -> float | None:
        """CPU of threads that its libraries started; None where other threads of the process hide it."""
        return self._by_calls(self.clocked_own_s) if self.clocked_alone == self.clocked_calls else None

    @property
    def steps(self) -> float | None:
        """How often all calls together were resumed."""
        weight = self.timed_weight
        return self.calls * self.timed_steps / weight if weight else None

    @property
    def demands(self) -> Demands | None:
        """What one call asks for, on average; None before a call was measured with all clocks."""
        cpu_s, blocked_s, wall_s = self.cpu_s, self.blocked_s, self.wall_s
        if cpu_s is None or blocked_s is None or wall_s is None or not self.calls:
            return None
        # What a coroutine awaits is in no state, so what it waits for is not told by those of its steps.
        hidden = WAIT_STATES if self.kind in LOOP_KINDS else ()
        states: dict[str, Any] = {f"{state}_s": s for state, s in self.states_s.items() if state not in hidden}
        if not self.gil_enabled or self.clocked_alone == self.clocked_calls:
            states.setdefault("gil_wait_s", 0.0)
        whole = Demands(
            calls=self.clocked_calls,
            wall_s=wall_s,
            cpu_s=cpu_s,
            blocked_s=blocked_s,
            runqueue_s=self.runqueue_s,
            own_threads_cpu_s=self.own_threads_cpu_s,
            idle_s=0.0,
            **states,
        )
        return scaled(whole, 1 / self.calls)

    def quantile_s(self, share: float) -> float | None:
        """The wall clock that ``share`` of the calls do not exceed, within 5.9% of itself."""
        return sketch.quantile_s(self.durations, share)

    def _of_all(self, share: float) -> float | None:
        mean = self.mean_s
        return None if mean is None else self.calls * mean * share

    @property
    def _clocked(self) -> Sample | None:
        if self.clocked_wall_s <= 0 or self.clocked_weight <= 0:
            return None
        weights = (self.clocked_weight, self.clocked_excess)
        return Sample(self.clocked_calls, *weights, self.clocked_wall_s, self.clocked_wall_wall_s2)

    @property
    def _cpu(self) -> Part:
        return Part(self.clocked_cpu_s, self.clocked_wall_cpu_s2)

    @property
    def _line_tells(self) -> bool:
        """Whether the CPU of the clocked calls is corrected by how much longer the timed ones were."""
        sample, each_s = self._clocked, self.mean_s
        if sample is None or each_s is None or sample.wall_wall_s2 <= 0:
            return True
        return line_tells(sample, each_s, self.calls)

    @property
    def _cpu_of_all(self) -> float | None:
        sample, wall_s = self._clocked, self.wall_s
        if sample is None or wall_s is None or self._line_tells:
            return self._part_of_all(self._cpu)
        return min(self.calls * self.clocked_cpu_s / sample.weight, wall_s)

    def _part_of_all(self, part: Part) -> float | None:
        sample, each_s = self._clocked, self.mean_s
        if sample is None or each_s is None:
            return None
        if sample.wall_wall_s2 <= 0:
            return self._of_all(part.s / sample.wall_s)
        return self.calls * mean_s(sample, part, each_s)

    def _of_blocked(self, seconds: float) -> float | None:
        """A part of the time that the clocked calls were blocked, as the same part of that of all calls."""
        clocked_s = self.clocked_wall_s - self.clocked_cpu_s - (self.clocked_runqueue_s or 0.0)
        blocked_s = self.blocked_s
        return None if blocked_s is None else blocked_s * min(seconds / clocked_s, 1.0) if clocked_s > 0 else 0.0

    def _by_calls(self, seconds: float) -> float | None:
        return self.calls * seconds / self.clocked_weight if self.clocked_weight else None
