"""From what a process counts to the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.facts import LOOP_KINDS
from gilscope.introspection import gil_enabled
from gilscope.production.function import functions
from gilscope.production.observed import observed_of
from gilscope.production.profile import Profile

if TYPE_CHECKING:
    from gilscope.production.cell import Sums
    from gilscope.production.function import Function
    from gilscope.production.observed import Observed

__all__ = ["snapshot", "snapshots"]


def snapshots() -> list[Profile]:
    """The profiles of all functions that are decorated in this process."""
    return [snapshot(function) for function in functions()]


def snapshot(function: Function, *, recent: bool = False) -> Profile:
    """The profile of one function, from the calls that this process made; ``recent``: since its `restart` only."""
    sums = function.sums(recent=recent)
    code = getattr(function.function, "__code__", None)
    return Profile(
        spec=function.spec,
        name=function.name,
        kind=function.kind,
        file=code.co_filename if code else None,
        line=code.co_firstlineno if code else None,
        gil_enabled=gil_enabled(),
        calls=sums.calls,
        nested=sums.nested,
        errors=sums.errors,
        timed_calls=sums.timed_calls,
        timed_wall_s=sums.timed_wall_ns / 1e9,
        timed_awaited_s=sums.timed_awaited_ns / 1e9,
        timed_steps=sums.steps,
        clocked_calls=sums.clocked_calls,
        clocked_alone=sums.clocked_alone,
        clocked_weight=sums.clocked_weight,
        clocked_wall_s=sums.clocked_wall_ns / 1e9,
        clocked_awaited_s=sums.clocked_awaited_ns / 1e9,
        clocked_cpu_s=sums.clocked_cpu_ns / 1e9,
        clocked_runqueue_s=sums.clocked_runqueue_ns / 1e9 if sums.runqueue_known and sums.clocked_calls else None,
        clocked_own_s=max(sums.clocked_own_ns, 0) / 1e9,
        clocked_unclear_s=sums.clocked_unclear_ns / 1e9,
        durations={index: count for index, count in enumerate(sums.durations) if count},
        longest_s=sums.longest_ns / 1e9 if sums.timed_calls else None,
        observed=_observed(function, sums, recent),
        longest_block_s=sums.longest_block_ns / 1e9 if sums.timed_calls and function.kind in LOOP_KINDS else None,
    )


def _observed(function: Function, sums: Sums, recent: bool) -> Observed | None:
    seen = function.seen_lately if recent else function.seen
    return observed_of(seen, sums.clocked_cpu_ns, sums.clocked_runqueue_ns, gil_enabled())
