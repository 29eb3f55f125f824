"""`Profile`: the record of a function's calls, with what it says of the function; and how one is made of what a process
counts."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope.introspection import HAS_POOLS, gil_enabled
from gilscope.observers.cpus import usable_cpus
from gilscope.production import advice, judge
from gilscope.production.cell import ADDED
from gilscope.production.code_digest import code_digest
from gilscope.production.delays import delays_of
from gilscope.production.observed import observed_of
from gilscope.production.on_loops import on_loops_of
from gilscope.production.record import ProfileRecord
from gilscope.production.unavailable import greenlets_of
from gilscope.records import LOOP_KINDS

if TYPE_CHECKING:
    from types import CodeType

    from gilscope.production.cell import Sums
    from gilscope.records import Classification, Kind

__all__ = ["Profile", "profile_of", "recounted", "updated"]


class Profile(ProfileRecord, frozen=True, kw_only=True, dict=True):
    """What the calls of one function have shown, and what follows from it: found once, for a report asks for it again
    and again."""

    @cached_property
    def classification(self) -> Classification:
        """What kind of work the function does, by the same rules as an analysis."""
        return judge.classification(self)

    @cached_property
    def advice(self) -> str:
        """What to do on the machine that it ran on (this one, where that is unknown), in a sentence or more."""
        return advice.advice(self, self.classification, self.cpus or _usable_cpus())


def profile_of(
    sums: Sums, spec: str, name: str, kind: Kind, code: CodeType | None, needs_inputs: bool | None = None
) -> Profile:
    """The profile of a function, from the calls that this process made."""
    figures: dict[str, Any] = {_field(figure): _value(sums, figure) for figure in ADDED}
    if not (sums.runqueue_known and sums.clocked_calls):
        figures["clocked_runqueue_s"] = None
    return Profile(
        spec=spec,
        name=name,
        kind=kind,
        cpus=_usable_cpus(),
        file=code.co_filename if code else None,
        line=code.co_firstlineno if code else None,
        digest=code_digest(code) if code else None,
        gil_enabled=gil_enabled(),
        needs_inputs=needs_inputs,
        interpreter_pools=HAS_POOLS,
        greenlets=greenlets_of() is not None,
        called_from=dict(sums.called_from),
        durations={index: count for index, count in enumerate(sums.durations) if count},
        longest_s=sums.longest_ns / 1e9 if sums.timed_calls else None,
        longest_block_s=sums.longest_block_ns / 1e9 if sums.timed_calls and kind in LOOP_KINDS else None,
        on_loops=on_loops_of(sums.loops) if kind in LOOP_KINDS else None,
        queue_waits=delays_of(sums.queue_waits),
        observed=observed_of(sums.seen, sums.clocked_cpu_ns, sums.clocked_runqueue_ns, gil_enabled()),
        **figures,
    )


@cache
def _usable_cpus() -> float:
    """Asked once: the system is asked for several files."""
    return usable_cpus(None).usable


def recounted(profile: Profile, sums: Sums) -> Profile:
    """The same function's profile with other sums: what is no sum stays."""
    fresh = profile_of(sums, profile.spec, profile.name, profile.kind, None)
    return msgspec.structs.replace(profile, **{name: getattr(fresh, name) for name in _SUMMED})


def _field(figure: str) -> str:
    return figure.replace("_ns", "_s")


def _value(sums: Sums, figure: str) -> float:
    """In seconds, where it is nanoseconds; a sum of small differences may be negative, and what it estimates is not."""
    value: int = max(getattr(sums, figure), 0)
    unit = _UNITS.get(figure.rpartition("_")[2])
    return value if unit is None else value / unit


_UNITS = {"ns": 1e9, "ns2": 1e18}


def updated(profile: Profile, counted: Profile) -> Profile:
    """A profile with the later sums of another."""
    return msgspec.structs.replace(profile, **{name: getattr(counted, name) for name in _SUMMED})


#: What a profile takes from sums alone.
_SUMMED = (*map(_field, ADDED), "durations", "longest_s", "longest_block_s")
