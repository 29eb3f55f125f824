"""From readings to a ledger: exact totals from the kernel, split by the samples. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gilscope.observers.counts import ON_CPU, QUEUED, Counts
from gilscope.observers.gil import Gil
from gilscope.observers.holds import HoldWatch
from gilscope.observers.proc import Scheduled
from gilscope.records import WAIT_STATES, Ledger

__all__ = ["BLOCKED_STATES", "NonWorkerCpu", "held_share", "ledger_of", "seconds_by_state"]

#: Samples in the run queue for one on a CPU, above which it is the sampler that takes the CPU.
STARVED = 10
#: Samples that then do.
ENOUGH = 3
BLOCKED_STATES = ("gil_wait", *WAIT_STATES, "idle")
GIL_STATES = ("cpu_gil", "cpu_free", "gil_wait")


@dataclass(frozen=True)
class NonWorkerCpu:
    """CPU seconds of a round that no worker thread spent: they stand beside the ledger's states, not in them."""

    own_threads_s: float | None = None
    children_s: float | None = None
    driver_s: float | None = None


def seconds_by_state(wall_s: float, scheduled: Scheduled, counts: Counts, gil_enabled: bool = True) -> dict[str, float]:
    """One worker's round. Run time and run queue are exact; what is left of the wall clock was blocked, exactly; only
    the two splits are sampled.

    The kernel brings a running thread's times up to date at its ticks, so a reading can be a few ms off: the excess
    over the wall clock is taken from the run queue first, then from the run time, so that the states always sum to it.

    A share without a sample is below one in as many as were taken. It is put where such slivers belong: run time to
    ``cpu_gil`` (an interpreter's own steps hold it), blocked time to ``idle``.
    """
    run_s = min(scheduled.run_s, wall_s)
    runqueue_s = min(scheduled.runqueue_s, wall_s - run_s)
    blocked_s = wall_s - run_s - runqueue_s
    held = held_share(counts, scheduled) if gil_enabled else 0.0
    blocked = {state: counts.of(state) for state in BLOCKED_STATES}
    if not any(blocked.values()):
        blocked["idle"] = 1
    samples = sum(blocked.values())
    return {
        "cpu": run_s,
        "cpu_gil": run_s * held,
        "cpu_free": run_s * (1.0 - held),
        "runqueue": runqueue_s,
        "blocked": blocked_s,
        **{state: blocked_s * count / samples for state, count in blocked.items()},
    }


def held_share(counts: Counts, scheduled: Scheduled) -> float:
    """The share of a thread's time on a CPU in which it held the GIL.

    Only samples that found it on a CPU count. In the run queue it holds the GIL at another rate: kernels like to take a
    CPU away at the end of a system call, and many of Python's are made with the GIL.

    The sampler needs a CPU itself. At a moment when every CPU was taken it put one thread into the run queue, so that
    too few samples of such moments found it on a CPU; and threads that run at the same time cannot all hold the GIL.
    How many samples are missing follows from the exact run-queue time; by symmetry they are like those of the same sort
    of moment that were not lost, so these are given their weight.
    """
    if STARVED * counts.of(ON_CPU) < counts.of(QUEUED):
        return _share_with_the_queued(counts)
    displaced, held, total = _displaced_share(counts, scheduled), 0.0, 0.0
    for saturated in (False, True):
        found = counts.of(ON_CPU, saturated=saturated)
        weight = 1.0 + displaced * counts.of(QUEUED, saturated=saturated) / found if found else 0.0
        held += weight * counts.of(ON_CPU, held=True, saturated=saturated)
        total += weight * found
    return held / total if total else 1.0


def _share_with_the_queued(counts: Counts) -> float:
    """Where the sampler hardly ever finds a thread on a CPU, for it needs the same one, those it has put into the run
    queue must do: first where the thread was the only one, then, as with a single CPU, wherever it was."""
    held, total = 0, 0
    for place, saturated in ((ON_CPU, False), (ON_CPU, True), (QUEUED, False), (QUEUED, True)):
        if total >= ENOUGH:
            break
        held += counts.of(place, held=True, saturated=saturated)
        total += counts.of(place, saturated=saturated)
    return held / total if total else 1.0


def _displaced_share(counts: Counts, scheduled: Scheduled) -> float:
    """The share of the samples in the run queue that are there because of the sampler."""
    queued, runnable_s = counts.of(QUEUED), scheduled.run_s + scheduled.runqueue_s
    if not queued or runnable_s <= 0:
        return 0.0
    truly = counts.of(ON_CPU, QUEUED) * scheduled.runqueue_s / runnable_s
    return max(0.0, 1.0 - truly / queued)


def ledger_of(
    wall_s: float,
    workers: Iterable[tuple[Scheduled, Counts]],
    watches: Iterable[HoldWatch],
    other_cpu: NonWorkerCpu,
    gil: Gil,
) -> Ledger:
    """The ledger of one observed round, summed over its workers.

    :param wall_s: the round's wall clock: every worker's own
    :param gil: its states are unknown where it is; where there is none nobody holds it, which is known
    """
    workers, watches = list(workers), list(watches)
    parts = [seconds_by_state(wall_s, scheduled, counts, gil.enabled) for scheduled, counts in workers]
    held_off_cpu_s = sum(
        part["blocked"] * counts.of(*BLOCKED_STATES, held=True) / max(1, counts.of(*BLOCKED_STATES))
        for part, (_, counts) in zip(parts, workers, strict=True)
    )
    states = [state for state in (parts[0] if parts else ()) if gil.known or state not in GIL_STATES]
    held_ratio = [watch.held / watch.looked for watch in watches if watch.looked]
    return Ledger(
        wall_s=wall_s * len(parts),
        threads=len(parts),
        samples=max((counts.total for _, counts in workers), default=0),
        gil_held_s=wall_s * sum(held_ratio) if gil.known and held_ratio else None,
        gil_observed_s=wall_s * len(held_ratio) if gil.known and held_ratio else None,
        longest_hold_s=max((watch.longest_s for watch in watches), default=None) if gil.known else None,
        gil_held_off_cpu_s=held_off_cpu_s if gil.known else None,
        own_threads_cpu_s=other_cpu.own_threads_s,
        children_cpu_s=other_cpu.children_s,
        driver_cpu_s=other_cpu.driver_s,
        **{f"{state}_s": sum(part[state] for part in parts) for state in states},  # type: ignore[arg-type]
    )
