"""As many threads as a lock that their calls share lets through."""

from __future__ import annotations

from gilscope.configuration import Configuration
from gilscope.decide.locks import shared_lock
from gilscope.decide.measured import Measured
from gilscope.decide.steps import Open

__all__ = ["within_lock"]


def within_lock(measured: Measured) -> Open | None:
    """The fewest workers that use all of it, where nobody said how many there are to be."""
    options, left = measured.experiment.options, measured.left
    lock = shared_lock(measured.records, measured.kind)
    planned = options.workers or options.exhaustive or any(tried.twin_of is not None for tried in measured.trials)
    if lock is None or lock.lets_through < 2 or planned or left.racing_s <= 0 or left.calls <= 0:
        return None
    counts = [trial.workers for trial in measured.records if trial.backend == lock.trial.backend]
    # What lets through is known to a tenth or so of a worker among few, and of many one more or less is a tie.
    if any(abs(count - lock.lets_through) <= lock.lets_through / 10 for count in counts):
        return None
    return Open((Configuration(lock.trial.backend, lock.lets_through, 1, None),))
