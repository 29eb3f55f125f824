"""From readings to a ledger: exact totals from the kernel, split by the samples. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from gilscope.observers.counts import IN_QUEUE, ON_CPU, PREEMPTED, Counts
from gilscope.observers.gil import Gil
from gilscope.observers.holds import HoldWatch
from gilscope.observers.thread_files import Scheduled
from gilscope.records import WAIT_STATES, Ledger

__all__ = ["BLOCKED_STATES", "NonWorkerCpu", "held_share", "ledger_of", "seconds_by_state"]

#: Samples in the run queue for one on a CPU, above which it is the sampler that takes the CPU.
STARVED = 10
#: Samples that then do.
ENOUGH = 3
#: Samples to be expected of a part of the wall clock for having none of it to mean something (e⁻⁵ is .7%), and the
#: share of it that is a sliver though more were expected: the sampler needs a CPU too, and comes too late for bursts.
SLIVER_SAMPLES, SLIVER_SHARE = 5.0, 0.05
BLOCKED_STATES = ("gil_wait", *WAIT_STATES, "idle")
GIL_STATES = ("cpu_gil", "cpu_free", "gil_wait")


@dataclass(frozen=True)
class NonWorkerCpu:
    """CPU seconds of a round that no worker thread spent: they stand beside the ledger's states, not in them."""

    own_threads_s: float | None = None
    children_s: float | None = None
    driver_s: float | None = None


@dataclass(frozen=True)
class _Spent:
    """How long threads were on a CPU and in the run queue, by the kernel, and blocked: the rest of the wall clock."""

    wall_s: float
    run_s: float
    runqueue_s: float | None
    """None where the kernel does not tell; then it is in ``blocked_s``."""
    blocked_s: float

    @classmethod
    def of(cls, wall_s: float, scheduled: Scheduled) -> _Spent:
        """The kernel brings a running thread's times up to date at its ticks, so a reading can be a few ms off: the
        excess over the wall clock is taken from the run queue first, then from the run time, so that the states always
        sum to it."""
        run_s = min(scheduled.run_s, wall_s)
        runqueue_s = None if scheduled.runqueue_s is None else min(scheduled.runqueue_s, wall_s - run_s)
        return cls(wall_s, run_s, runqueue_s, wall_s - run_s - (runqueue_s or 0.0))

    def __add__(self, other: _Spent) -> _Spent:
        known = self.runqueue_s is not None and other.runqueue_s is not None
        return _Spent(
            self.wall_s + other.wall_s,
            self.run_s + other.run_s,
            (self.runqueue_s or 0.0) + (other.runqueue_s or 0.0) if known else None,
            self.blocked_s + other.blocked_s,
        )


def seconds_by_state(
    wall_s: float, scheduled: Scheduled, counts: Counts, gil_enabled: bool = True
) -> dict[str, float | None]:
    """One thread's round. Run time and run queue are exact; what is left of the wall clock was blocked, exactly; only
    the two splits are sampled. None where nothing was seen of what is to be split."""
    return _divided(_Spent.of(wall_s, scheduled), counts, gil_enabled)


def _divided(spent: _Spent, counts: Counts, gil_enabled: bool) -> dict[str, float | None]:
    held = _held_or_sliver(spent, counts) if gil_enabled else 0.0
    return {
        "cpu": spent.run_s,
        "cpu_gil": None if held is None else spent.run_s * held,
        "cpu_free": None if held is None else spent.run_s * (1.0 - held),
        "runqueue": spent.runqueue_s,
        "blocked": spent.blocked_s,
        **_blocked_by_state(spent, counts),
    }


def _blocked_by_state(spent: _Spent, counts: Counts) -> dict[str, float | None]:
    """A sliver without a sample is put to ``idle``."""
    seen = {state: counts.of(state) for state in BLOCKED_STATES}
    samples = sum(seen.values())
    if not samples and not _is_sliver(spent.blocked_s, spent.wall_s, counts.total):
        return dict.fromkeys(BLOCKED_STATES)
    if not samples:
        seen["idle"] = samples = 1
    return {state: spent.blocked_s * count / samples for state, count in seen.items()}


def _held_or_sliver(spent: _Spent, counts: Counts) -> float | None:
    """A sliver without a sample is put to ``cpu_gil``: an interpreter's own steps hold it."""
    held = held_share(counts, Scheduled(spent.run_s, spent.runqueue_s))
    if held is None and _is_sliver(spent.run_s, spent.wall_s, counts.total):
        return 1.0
    return held


def _is_sliver(part_s: float, wall_s: float, samples: int) -> bool:
    """Whether a part of the wall clock of which no sample was taken is so short that this is no wonder."""
    return part_s <= 0 or (samples > 0 and part_s < max(SLIVER_SAMPLES / samples, SLIVER_SHARE) * wall_s)


def held_share(counts: Counts, scheduled: Scheduled) -> float | None:
    """The share of the time on a CPU in which the GIL was held; None where nothing was seen of it.

    Only samples that found a thread on a CPU count. In the run queue it holds the GIL at another rate: kernels like to
    take a CPU away at the end of a system call, and many of Python's are made with the GIL.

    The sampler needs a CPU itself. At a moment when every CPU was taken it put one thread into the run queue, so that
    too few samples of such moments found it on a CPU; and threads that run at the same time cannot all hold the GIL.
    How many samples are missing follows from the exact run-queue time; by symmetry they are like those of the same sort
    of moment that were not lost, so these are given their weight.
    """
    if STARVED * counts.of(ON_CPU) < counts.of(*IN_QUEUE):
        return _share_with_the_preempted(counts)
    displaced, held, total = _displaced_share(counts, scheduled), 0.0, 0.0
    for saturated in (False, True):
        found = counts.weight(ON_CPU, saturated=saturated)
        weight = 1.0 + displaced * counts.weight(*IN_QUEUE, saturated=saturated) / found if found else 0.0
        held += weight * counts.weight(ON_CPU, held=True, saturated=saturated)
        total += weight * found
    return held / total if total else None


def _share_with_the_preempted(counts: Counts) -> float | None:
    """Where the sampler hardly ever finds a thread on a CPU, for it needs the same one, those from which it has taken
    that must do: with a single CPU, all there are. What else is in the run queue says nothing: threads that are woken
    to ask for the GIL do not hold it, and will hardly ever be on a CPU without."""
    held, total, samples = 0.0, 0.0, 0
    for place, saturated in ((ON_CPU, False), (ON_CPU, True), (PREEMPTED, False), (PREEMPTED, True)):
        if samples >= ENOUGH:
            break
        held += counts.weight(place, held=True, saturated=saturated)
        total += counts.weight(place, saturated=saturated)
        samples += counts.of(place, saturated=saturated)
    return held / total if samples >= ENOUGH else None


def _displaced_share(counts: Counts, scheduled: Scheduled) -> float:
    """The share of the samples in the run queue that are there because of the sampler."""
    queued, runnable_s = counts.weight(*IN_QUEUE), scheduled.run_s + (scheduled.runqueue_s or 0.0)
    if not queued or runnable_s <= 0:
        return 0.0
    truly = counts.weight(ON_CPU, *IN_QUEUE) * (scheduled.runqueue_s or 0.0) / runnable_s
    return max(0.0, 1.0 - truly / queued)


def ledger_of(
    wall_s: float,
    workers: Iterable[tuple[Scheduled, Counts]],
    watches: Iterable[HoldWatch],
    other_cpu: NonWorkerCpu,
    gil: Gil,
    untold: Collection[str] = (),
) -> Ledger:
    """The ledger of one observed round, summed over its workers.

    A pool's workers do the same: what was seen of all of them divides the time of all of them, for of a crowd each was
    looked at too seldom.

    :param wall_s: the round's wall clock: every worker's own
    :param gil: its states are unknown where it is; where there is none nobody holds it, which is known
    :param untold: other states that cannot be told here
    """
    workers, watches = list(workers), list(watches)
    spent, seen = _Spent(0.0, 0.0, 0.0, 0.0), Counts()
    for scheduled, counts in workers:
        spent += _Spent.of(wall_s, scheduled)
        seen += counts
    parts = _divided(spent, seen, gil.enabled)
    unknown = {*untold, *(() if gil.known else GIL_STATES)}
    blocked, held = seen.of(*BLOCKED_STATES), seen.of(*BLOCKED_STATES, held=True)
    held_off_cpu_s = spent.blocked_s * held / max(1, blocked) if blocked or parts["idle"] is not None else None
    held_ratio = [watch.held / watch.looked for watch in watches if watch.looked]
    return Ledger(
        wall_s=spent.wall_s,
        threads=len(workers),
        samples=max((counts.total for _, counts in workers), default=0),
        cpu_samples=seen.of(ON_CPU) or seen.of(PREEMPTED),
        blocked_samples=blocked,
        gil_held_s=wall_s * sum(held_ratio) if gil.known and held_ratio else None,
        gil_observed_s=wall_s * len(held_ratio) if gil.known and held_ratio else None,
        longest_hold_s=max((watch.longest_s for watch in watches), default=None) if gil.known else None,
        gil_held_off_cpu_s=held_off_cpu_s if gil.known else None,
        own_threads_cpu_s=other_cpu.own_threads_s,
        children_cpu_s=other_cpu.children_s,
        driver_cpu_s=other_cpu.driver_s,
        **{f"{state}_s": value for state, value in parts.items() if state not in unknown},  # type: ignore[arg-type]
    )
