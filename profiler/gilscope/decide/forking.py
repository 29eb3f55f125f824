"""The way out for a process pool whose workers cannot start anew: copies of a process that has started."""

from __future__ import annotations

from gilscope.configuration import Configuration
from gilscope.decide.measured import Measured, Tried
from gilscope.decide.steps import Open

__all__ = ["fork_instead"]


def fork_instead(measured: Measured) -> Open | None:
    """Of each pool whose spawned workers ended before their first call, one that forks them: unless a start method was
    asked for."""
    racing = list(measured.racing.values())
    forked = {tried.record.backend for tried in racing if tried.record.start_method == "fork"}
    lost = {tried.record.backend: tried for tried in racing if _did_not_start(tried)}
    able = [name for name in lost if "fork" in measured.experiment.backends[name].start_methods and name not in forked]
    if measured.experiment.options.start_method or not able or measured.left.racing_s <= 0:
        return None
    return Open(tuple(Configuration(name, lost[name].record.workers, 1, "fork") for name in able))


def _did_not_start(tried: Tried) -> bool:
    """Nothing could be handed over, not even chunks without calls."""
    return tried.record.status == "failed" and tried.record.start_method == "spawn" and tried.dispatch_s is None
