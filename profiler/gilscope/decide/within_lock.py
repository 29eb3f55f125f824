"""As many threads as a lock that their calls share lets through."""

from __future__ import annotations

from collections.abc import Sequence

from gilscope.configuration import Configuration
from gilscope.decide.locks import SharedLock, in_memory, shared_lock
from gilscope.decide.measured import Measured
from gilscope.decide.steps import Open

__all__ = ["within_lock"]


def within_lock(measured: Measured) -> Open | None:
    """The fewest workers that use all of it, of each pool whose calls share it, where nobody said how many there are to
    be."""
    options, left = measured.experiment.options, measured.left
    lock = shared_lock(measured.records, measured.kind)
    planned = options.workers or options.exhaustive or any(tried.twin_of is not None for tried in measured.trials)
    if lock is None or lock.lets_through < 2 or planned or left.racing_s <= 0 or left.calls <= 0:
        return None
    counts: dict[str, list[int]] = {}
    for trial in in_memory(measured.records, measured.kind):
        counts.setdefault(trial.backend, []).append(trial.workers)
    fewest = (Configuration(name, lock.lets_through, 1, None) for name in counts if not _near(counts[name], lock))
    more = tuple(fewest)
    return Open(more) if more else None


def _near(counts: Sequence[int], lock: SharedLock) -> bool:
    """What it lets through is known to a tenth or so of a worker among few, and of many one more or less is a tie."""
    return any(abs(count - lock.lets_through) <= lock.lets_through / 10 for count in counts)
