"""Which imports are worth telling."""

from __future__ import annotations

from collections.abc import Mapping

from gilscope.records import ImportCost

__all__ = ["costliest"]

MOST = 10
LEAST_S = 0.001


def costliest(seconds: Mapping[str, float]) -> tuple[ImportCost, ...]:
    """The `MOST` packages that took longest, those that took `LEAST_S` at least; gilscope's own modules are no cost of
    the target."""
    notable = [(cost, name) for name, cost in seconds.items() if cost >= LEAST_S and name != "gilscope"]
    return tuple(ImportCost(module=name, seconds=cost) for cost, name in sorted(notable, reverse=True)[:MOST])
