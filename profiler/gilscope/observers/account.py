"""From readings to a ledger: exact totals from the kernel, split by the samples. Pure arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gilscope.observers.counts import Counts, Runnable
from gilscope.observers.holds import HoldWatch
from gilscope.observers.proc import Scheduled
from gilscope.records import WAIT_STATES, Ledger

__all__ = ["NonWorkerCpu", "held_share", "ledger_of", "seconds_by_state"]

#: Samples in the run queue for one on a CPU, above which it is the sampler that takes the CPU.
STARVED = 10
#: Samples that then do.
ENOUGH = 3
BLOCKED_STATES = ("gil_wait", *WAIT_STATES, "idle")


@dataclass(frozen=True)
class NonWorkerCpu:
    """CPU seconds of a round that no worker thread spent: they stand beside the ledger's states, not in them."""

    own_threads_s: float | None = None
    children_s: float | None = None
    driver_s: float | None = None


def seconds_by_state(
    wall_s: float, scheduled: Scheduled, counts: Counts, gil_known: bool, gil_enabled: bool = True
) -> dict[str, float | None]:
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
    shares = _shares(counts.blocked)
    return {
        "cpu": run_s,
        "cpu_gil": run_s * held if gil_known else None,
        "cpu_free": run_s * (1.0 - held) if gil_known else None,
        "runqueue": runqueue_s,
        "blocked": blocked_s,
        **{state: blocked_s * shares.get(state, 0.0) for state in BLOCKED_STATES if gil_known or state != "gil_wait"},
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
    moments = (counts.cpus_idle, counts.cpus_saturated)
    if STARVED * sum(moment.on_cpu.total for moment in moments) < sum(moment.queued.total for moment in moments):
        return _share_with_the_queued(counts)
    weights = [_weight(moment, _displaced_share(moments, scheduled)) for moment in moments]
    held = sum(weight * moment.on_cpu.held for weight, moment in zip(weights, moments, strict=True))
    total = sum(weight * moment.on_cpu.total for weight, moment in zip(weights, moments, strict=True))
    return held / total if total else 1.0


def _share_with_the_queued(counts: Counts) -> float:
    """Where the sampler hardly ever finds a thread on a CPU, for it needs the same one, those it has put into the run
    queue must do: first where the thread was the only one, then, as with a single CPU, wherever it was."""
    held, total = 0, 0
    moments = (counts.cpus_idle, counts.cpus_saturated)
    for samples in (*(moment.on_cpu for moment in moments), *(moment.queued for moment in moments)):
        if total >= ENOUGH:
            break
        held, total = held + samples.held, total + samples.total
    return held / total if total else 1.0


def _displaced_share(moments: Sequence[Runnable], scheduled: Scheduled) -> float:
    """The share of the samples in the run queue that are there because of the sampler."""
    queued = sum(moment.queued.total for moment in moments)
    runnable_s = scheduled.run_s + scheduled.runqueue_s
    if not queued or runnable_s <= 0:
        return 0.0
    truly = sum(moment.total for moment in moments) * scheduled.runqueue_s / runnable_s
    return max(0.0, 1.0 - truly / queued)


def _weight(moment: Runnable, displaced_share: float) -> float:
    if not moment.on_cpu.total:
        return 1.0
    return 1.0 + displaced_share * moment.queued.total / moment.on_cpu.total


def _shares(blocked: Counter[str]) -> dict[str, float]:
    total = blocked.total()
    return {state: count / total for state, count in blocked.items()} if total else {"idle": 1.0}


def ledger_of(
    wall_s: float,
    workers: Iterable[tuple[Scheduled, Counts]],
    watches: Iterable[HoldWatch],
    calls: int,
    other_cpu: NonWorkerCpu,
    gil_known: bool,
    gil_enabled: bool = True,
) -> Ledger:
    """The ledger of one observed round, summed over its workers.

    :param wall_s: the round's wall clock: every worker's own
    :param gil_known: whether the GIL could be read; its states are unknown otherwise
    :param gil_enabled: whether there is one; nobody holds it otherwise, which is known
    """
    workers, watches = list(workers), list(watches)
    parts = [seconds_by_state(wall_s, scheduled, counts, gil_known, gil_enabled) for scheduled, counts in workers]
    held_off_cpu_s = sum(
        (part["blocked"] or 0.0) * counts.blocked_held / max(1, counts.blocked.total())
        for part, (_, counts) in zip(parts, workers, strict=True)
    )
    seconds = {f"{state}_s": _sum(part.get(state) for part in parts) for state in (parts[0] if parts else ())}
    held_ratio = [watch.held / watch.looked for watch in watches if watch.looked]
    return Ledger(
        wall_s=wall_s * len(parts),
        threads=len(parts),
        samples=max((counts.samples for _, counts in workers), default=0),
        calls=calls,
        gil_held_s=wall_s * sum(held_ratio) if gil_known and held_ratio else None,
        gil_observed_s=wall_s * len(held_ratio) if gil_known and held_ratio else None,
        longest_hold_s=max((watch.longest_s for watch in watches), default=None) if gil_known else None,
        gil_held_off_cpu_s=held_off_cpu_s if gil_known else None,
        own_threads_cpu_s=other_cpu.own_threads_s,
        children_cpu_s=other_cpu.children_s,
        driver_cpu_s=other_cpu.driver_s,
        **seconds,  # type: ignore[arg-type]
    )


def _sum(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return None if any(value is None for value in known) else sum(value for value in known if value is not None)
