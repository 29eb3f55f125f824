"""The verdicts of a saved regret benchmark, and whether they hold."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.calibration.simulate import Said
from benchmarks.regret.figures import ratio
from benchmarks.regret.judge import Judged
from gilscope.decide.noise import floor_of

__all__ = ["measured"]


def measured(functions: Mapping[str, Judged]) -> list[Said]:
    """Of every function that was given advice and a search; the floor is the least one where none was saved."""
    found = []
    for judged in functions.values():
        advice, reached = judged.advice, ratio(judged, "gilscope")
        if advice is not None and advice.confidence is not None and reached is not None:
            found.append(Said(advice.confidence, reached, advice.floor or floor_of()))
    return found
