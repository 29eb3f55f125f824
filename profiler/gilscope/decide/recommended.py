"""Which trial of a record is the one that was recommended."""

from __future__ import annotations

from collections.abc import Sequence

from gilscope.records import Recommendation, Trial

__all__ = ["INTERRUPTED", "UNSURE", "is_advised", "recommended"]

#: Why nothing is recommended where the analysis had hardly begun.
INTERRUPTED = "the analysis was interrupted before it could compare"

#: Below this confidence a recommendation says that it is a best guess, and what would settle it.
UNSURE = 0.7


def recommended(advice: Recommendation, trials: Sequence[Trial]) -> Trial | None:
    """The trial that ``advice`` rests on; None when it recommends nothing, or when that is not among the trials.

    Results of older versions do not tell its number: there it is the first that went well whose configuration is the
    recommended one. Offloading from a loop was measured by asyncio's own threads, or by the executor itself.
    """
    if advice.backend is None:
        return None
    if advice.trial is not None:
        return trials[advice.trial] if 0 <= advice.trial < len(trials) else None
    backends = (advice.backend,) if advice.executor is None else (advice.backend, advice.executor)
    found = (each for name in backends for each in trials if each.backend == name and _is_as_advised(each, advice))
    return next(found, None)


def is_advised(advice: Recommendation, backend: str, workers: int | None) -> bool:
    """Whether what is told of this configuration is told of the recommended one."""
    return backend in (advice.backend, advice.executor) and workers == advice.workers


def _is_as_advised(trial: Trial, advice: Recommendation) -> bool:
    wanted = (advice.workers, advice.chunksize, advice.start_method)
    actual = (trial.workers, trial.chunksize, trial.start_method)
    return trial.status == "ok" and all(want in (None, have) for want, have in zip(wanted, actual, strict=True))
