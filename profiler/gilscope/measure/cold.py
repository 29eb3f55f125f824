"""What workers took to become warm, from what they told of their first calls."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from gilscope.backends.base import FirstCall
from gilscope.measure.imports import costliest
from gilscope.records import ColdCost

__all__ = ["cold_cost"]


def cold_cost(first: Sequence[FirstCall], warm_s: float | None) -> ColdCost | None:
    """The record of the workers' first calls beside a later one, of ``warm_s``; None where none was told. Each import
    counts as what it took the worker that it took longest: of threads, one imports and the others wait."""
    if not first:
        return None
    names = dict.fromkeys(name for told in first for name in told.imports)
    known_cpu_s = [told.cpu_s for told in first if told.cpu_s is not None]
    counts = [told.connections for told in first if told.connections is not None]
    return ColdCost(
        workers=len(first),
        first_s=median(told.seconds for told in first),
        warm_s=warm_s,
        cpu_s=median(known_cpu_s) if known_cpu_s else None,
        imports=costliest({name: max(told.imports.get(name, 0.0) for told in first) for name in names}),
        connections=sum(counts) if counts else None,
    )
