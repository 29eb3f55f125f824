"""What the settings of a task queue rest on: its best configuration, the length of its tasks, and their spread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from gilscope.decide.demands import call_s
from gilscope.decide.noise import floor_of
from gilscope.decide.recommended import recommended
from gilscope.queues.capacity.costs import LONGEST_TASK_S, THREADED, WORTH, costs_of
from gilscope.records import QueueSetting
from gilscope.units import counted, duration, given_duration, percent, rough_duration, thousands, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import Demands, ImportCost, QueueFigures, ResultRecord, Trial

__all__ = ["BATCH", "MeasuredQueue", "measured_queue"]

BATCH = "calls a task"
#: A GIL that is held for more of the time than this makes threads wait for each other.
SHARED_GIL = 0.7
#: A task that takes so many times the p99 of tasks is taken to hang; so it is not within `LEAST_LIMIT_S`, for a machine
#: that stalls is no fault of the task.
HANGS, LEAST_LIMIT_S = 10, 30
#: With fewer calls than this, their p99 is the longest of them.
ENOUGH_CALLS = 100


@dataclass(frozen=True)
class MeasuredQueue:
    """One task queue as it was measured."""

    trial: Trial
    """The best configuration."""
    variant: str
    """Another of the ways to run its workers."""
    other: Trial | None
    """The best of that, where measured."""
    counts: tuple[int, ...]
    """The numbers of workers that were measured of the best variant."""
    demands: Demands
    per_task_s: float
    """What a task takes beside its calls, in all."""
    batch: int
    """Calls a task."""
    wanted: bool
    """Whether the batch is that of a plan for a wanted rate."""
    p99_s: float | None
    """Of a call, alone or under the queue: the longer."""
    imports: Sequence[ImportCost]
    tied: bool
    """Whether the other variant is as fast."""

    def set(self, setting: str, value: object | None, reason: str) -> QueueSetting:
        """One of its settings."""
        return QueueSetting(
            engine=self.trial.backend, setting=setting, value=None if value is None else str(value), reason=reason
        )

    @property
    def costs(self) -> QueueFigures:
        """What a task takes beside its calls: over a network, where that was measured."""
        assert self.trial.queue is not None
        return self.trial.queue

    @property
    def task_s(self) -> float:
        """Of a task that has the machine to itself, without what the queue takes."""
        return self.batch * call_s(self.demands)

    @property
    def held(self) -> float | None:
        """The share of a call in which it holds the GIL; None when unknown."""
        return _held(self.demands)

    @property
    def holding(self) -> str:
        """The same in words."""
        if self.held is None:
            return "how long a call holds the GIL is unknown"
        return f"a call holds the GIL {percent(self.held)} of its time"

    @property
    def longest_s(self) -> float | None:
        """Of a task that does not hang; None when unknown."""
        return None if self.p99_s is None else HANGS * self.p99_s * self.batch

    @property
    def limit_s(self) -> int | None:
        """From when on a task is taken to hang; None when unknown."""
        return None if self.longest_s is None else max(LEAST_LIMIT_S, math.ceil(self.longest_s))

    @property
    def limit_reason(self) -> str:
        """What the limit follows from."""
        if self.p99_s is None or self.longest_s is None:
            return "unknown: calls this short are not timed one by one"
        seen = self.trial.calls
        rests = f"a call's p99 is {duration(self.p99_s)}" if seen >= ENOUGH_CALLS else f"{duration(self.p99_s)}"
        rests += "" if seen >= ENOUGH_CALLS else f" was the longest of {counted(seen, 'call')}, too few for a p99"
        told = f"{rests}; {HANGS} times that, with {counted(self.batch, 'call')} a task, is {duration(self.longest_s)}"
        return (
            told if self.longest_s >= LEAST_LIMIT_S else f"{told}; nothing hangs within {given_duration(LEAST_LIMIT_S)}"
        )

    def workers_reason(self) -> str:
        """Why so many workers."""
        if len(self.counts) == 1:
            return "as measured; no other number was (--workers)"
        tried = ", ".join(map(str, self.counts))
        return f"the fewest of {tried} that do most calls a second on this machine"

    def variant_reason(self) -> str:
        """Why this variant."""
        if self.other is None:
            return f"as measured; {self.variant} was not; {self.holding}"
        told = f"{times(_rate(self.trial) / _rate(self.other))} the calls a second of {self.other.name}"
        return f"{told}{', a tie' if self.tied else ''}; {self.holding}"

    def batching(self) -> QueueSetting:
        """How many calls go in a task."""
        beside_s, each_s = self.per_task_s, call_s(self.demands)
        far = "" if self.costs.rtt_s is None else f", over a network with {duration(self.costs.rtt_s)} there and back"
        told = (
            f"a task takes {duration(beside_s)} beside its calls{far}, which is {_share(beside_s, each_s)} of one call"
        )
        told += f" and {_share(beside_s, self.task_s)} of {thousands(self.batch)}" if self.batch > 1 else ""
        if beside_s > WORTH * self.task_s and 2 * self.task_s > LONGEST_TASK_S:
            told += f"; longer tasks than {rough_duration(LONGEST_TASK_S)} would cost too much where a worker dies"
        told += "; as many as the wanted rate needs" if self.wanted else ""
        return self.set(BATCH, self.batch, told)


def _held(demands: Demands) -> float | None:
    held_s, whole_s = demands.cpu_gil_s, call_s(demands)
    return None if held_s is None or whole_s <= 0 else held_s / whole_s


def _share(part_s: float, whole_s: float) -> str:
    ratio = part_s / whole_s if whole_s > 0 else math.inf
    if ratio >= 10:
        return "more than ten times the length"
    return percent(ratio) if ratio >= 0.01 else "less than 1%"


def measured_queue(family: tuple[str, ...], result: ResultRecord) -> MeasuredQueue | None:
    """What is known of a queue that has several variants; None where none was measured."""
    demands, floor = result.demands, floor_of(result.noise)
    trials = [_over_network(trial) for trial in result.trials]
    leaders = [leader for name in family if (leader := _leader(name, trials, floor)) is not None]
    if demands is None or not leaders:
        return None
    said = result.recommendation
    best = (said.backend in family and recommended(said, trials)) or _best(leaders, demands, floor)
    costs = costs_of(best.backend, trials, demands)
    assert costs is not None, "it was measured"
    other = max((leader for leader in leaders if leader.backend != best.backend), key=_rate, default=None)
    fleets = result.capacity.fleets if result.capacity is not None else ()
    planned = next((fleet.batch for fleet in fleets if fleet.engine == best.backend), None)
    return MeasuredQueue(
        trial=best,
        variant=next(name for name in family if name != best.backend),
        other=other,
        counts=tuple(sorted({trial.workers for trial in trials if trial.backend == best.backend and _rate(trial)})),
        demands=demands,
        per_task_s=costs.per_task_s,
        batch=planned or costs.fewest_calls(call_s(demands), best.chunksize),
        wanted=planned is not None,
        p99_s=_p99_s(trials, best),
        imports=result.imports,
        tied=other is not None and _ties(best, other, floor),
    )


def _over_network(trial: Trial) -> Trial:
    delayed = trial.queue_delayed
    if delayed is None or delayed.round_trip_s is None:
        return trial
    return msgspec.structs.replace(trial, queue=delayed)


def _rate(trial: Trial) -> float:
    return (trial.throughput_per_s or 0.0) if trial.queue is not None else 0.0


def _leader(backend: str, trials: Sequence[Trial], floor: float) -> Trial | None:
    """Of the fastest and those that tie with it, the one with the fewest workers."""
    measured = [trial for trial in trials if trial.backend == backend and _rate(trial)]
    most = max(map(_rate, measured), default=0.0)
    return min(
        (trial for trial in measured if _rate(trial) >= (1 - floor) * most), key=attrgetter("workers"), default=None
    )


def _ties(one: Trial, other: Trial, floor: float) -> bool:
    return min(_rate(one), _rate(other)) >= (1 - floor) * max(_rate(one), _rate(other))


def _best(leaders: Sequence[Trial], demands: Demands, floor: float) -> Trial:
    """The fastest; of variants that tie with it, one that shares a GIL if calls do not keep that from each other, else
    the first, which keeps its tasks apart."""
    fastest = max(leaders, key=_rate)
    tied = [leader for leader in leaders if _ties(leader, fastest, floor)]
    held = _held(demands)
    sharing = (leader for leader in tied if leader.backend.endswith(THREADED))
    suits = (leader for leader in sharing if held is not None and held * leader.workers <= SHARED_GIL)
    return next(suits, tied[0])


def _p99_s(trials: Sequence[Trial], best: Trial) -> float | None:
    solo = (trial.latency_p99_s for trial in trials if trial.backend == "serial")
    return max((known for known in (best.latency_p99_s, *solo) if known is not None), default=None)
