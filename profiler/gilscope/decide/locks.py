"""What the calls of a pool share in memory and wait for: a lock, a semaphore, a rate limiter, a pool of connections.

It is there for a reason, and worker processes have one each: however fast they are, they pass it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gilscope.decide.demands import demands, in_call_wall_s
from gilscope.records import LOOP_KINDS, Demands, Kind, Ledger, Trial

__all__ = ["LOCK_SHARE", "SharedLock", "in_memory", "share_at_lock", "shared_lock"]

#: Standing at a lock for this part of its calls, a pool has a fifth of its workers to spare.
LOCK_SHARE = 0.2
#: Moments at which two threads were looked at, or looks at threads of a larger pool at fewer moments, that tell a share
#: of a tenth from `LOCK_SHARE` (binomial, 95%; looks at one moment are not quite independent).
ENOUGH_MOMENTS, ENOUGH_LOOKS = 24, 100
#: A library's own threads meet at locks as well: with so much CPU of theirs, as a part of a call, nothing is said.
OWN_THREADS_SHARE = 0.1
#: With the GIL held for so much of the time it is what limits, and its holders hold other locks meanwhile.
GIL_BUSY = 0.7


@dataclass(frozen=True)
class SharedLock:
    """What limits threads that wait for neither the GIL nor a CPU."""

    trial: Trial
    """Where it was seen."""
    lets_through: int
    """How many calls it lets through at a time."""


def share_at_lock(trial: Trial, alone: Demands | None) -> float:
    """The share of the time inside calls spent at locks, less what a call ``alone`` waits for them; 0.0 where nothing
    can be said."""
    ledger = trial.ledger
    if ledger is None or alone is None or ledger.lock_s is None or alone.lock_s is None or not ledger.calls:
        return 0.0
    own_threads = (alone.own_threads_cpu_s or 0.0) >= OWN_THREADS_SHARE * in_call_wall_s(alone) > 0
    if own_threads or not _well_watched(ledger):
        return 0.0
    inside_s = in_call_wall_s(ledger) / ledger.calls
    return max(ledger.lock_s / ledger.calls - alone.lock_s, 0.0) / inside_s if inside_s > 0 else 0.0


def _well_watched(ledger: Ledger) -> bool:
    return ledger.samples >= ENOUGH_MOMENTS or ledger.samples * ledger.threads >= ENOUGH_LOOKS


def shared_lock(trials: Sequence[Trial], kind: Kind) -> SharedLock | None:
    """The one that most workers of one process wait for; None where the GIL is as much of a limit, or nothing is."""
    serial = next((trial for trial in trials if trial.backend == "serial"), None)
    alone = demands(serial.ledger) if serial and serial.ledger else None
    pools = [trial for trial in in_memory(trials, kind) if trial.workers > 1]
    waiting = {trial: share for trial in pools if not _is_gil_bound(trial, share := share_at_lock(trial, alone))}
    limited = {trial: share for trial, share in waiting.items() if share >= LOCK_SHARE}
    if not limited:
        return None
    most = max(limited, key=lambda trial: limited[trial])
    return SharedLock(most, max(1, round(min(_at_work(trial, share) for trial, share in limited.items()))))


def in_memory(trials: Sequence[Trial], kind: Kind) -> list[Trial]:
    """The pools of threads, whose calls share what is in memory; coroutines of one loop wait for no lock."""
    names = {"thread"} if kind in LOOP_KINDS else {"thread", "asyncio"}
    return [trial for trial in trials if trial.backend in names and trial.status == "ok"]


def _at_work(trial: Trial, at_lock: float) -> float:
    """How many of its calls were under way and not waiting, on average: its workers, less those at the lock; and by
    Little's law its throughput × what a call takes alone, where that is less."""
    return min(trial.workers * (1 - at_lock), trial.speedup or math.inf)


def _is_gil_bound(trial: Trial, at_lock: float) -> bool:
    """Whether the GIL is as much waited for as the lock, or held all the time."""
    ledger = trial.ledger
    if ledger is None:
        return True
    inside_s = in_call_wall_s(ledger)
    gil_wait = (ledger.gil_wait_s or 0.0) / inside_s if inside_s > 0 else 0.0
    return gil_wait >= at_lock or (ledger.gil_held_ratio or 0.0) >= GIL_BUSY
