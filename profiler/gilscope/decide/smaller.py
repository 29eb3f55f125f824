"""Smaller pools where the only one of a backend failed: so many workers may be more than the machine, or what they
share, has room for."""

from __future__ import annotations

from gilscope.configuration import Configuration
from gilscope.decide.measured import Measured
from gilscope.decide.ramp import workers_within
from gilscope.decide.steps import Open
from gilscope.records import Trial

__all__ = ["smaller_pools"]

#: What is left by then is whether the backend works at all, which two workers have shown.
FEWEST = 2


def smaller_pools(measured: Measured) -> Open | None:
    """Of each backend whose every pool failed, one with a quarter of the workers of the smallest; unless so many were
    asked for."""
    options, left = measured.experiment.options, measured.left
    if options.workers or options.exhaustive or left.racing_s <= 0 or left.calls <= 0:
        return None
    failed = [least for name in measured.experiment.backends if (least := _smallest_failed(measured, name))]
    return Open(tuple(map(_smaller, failed))) if failed else None


def _smallest_failed(measured: Measured, backend: str) -> Trial | None:
    """Where all of its pools failed, and it may have fewer workers; what a network did not bear is tried with fewer
    anyway."""
    trials = [trial for trial in measured.records if trial.backend == backend and trial.backend != "serial"]
    if not trials or measured.experiment.backends[backend].fixed_workers is not None:
        return None
    least = min(trials, key=lambda trial: trial.workers)
    return least if least.workers > FEWEST and all(trial.status == "failed" for trial in trials) else None


def _smaller(failed: Trial) -> Configuration:
    return Configuration(failed.backend, workers_within(failed.workers), 1, failed.start_method)
