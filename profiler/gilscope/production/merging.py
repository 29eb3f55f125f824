"""Profiles of one function as one: of several processes, or of several times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, TypeVar

import msgspec

from gilscope.production.delays import added_delays
from gilscope.production.observed import added
from gilscope.production.on_loops import added_on_loops
from gilscope.production.record import ProfileRecord

__all__ = ["merged", "merged_processes"]

#: What tells a function from others in all processes, and in one; the first profile's word counts for the rest of it.
_IDENTITY = ("spec", "name", "kind", "gil_enabled")
_PLACE = ("file", "line", "digest")
_LARGEST = ("longest_s", "longest_block_s", "cpus")
_COUNTED = ("called_from", "durations")
_BY_HAND = (
    *(*_IDENTITY, *_PLACE, *_LARGEST, *_COUNTED, "needs_inputs", "greenlets", "clocked_runqueue_s", "cpu_limit_s"),
    *("interpreter_pools", "on_loops", "queue_waits", "observed"),
)
_ADDED = tuple(name for name in ProfileRecord.__struct_fields__ if name not in _BY_HAND)
_P = TypeVar("_P", bound=ProfileRecord)


def merged(profiles: Iterable[_P]) -> list[_P]:
    """One profile for each function, from those of one process, or of many with the same code; the most calls' wall
    clock first."""
    return _sums(profiles, lambda profile: (*_identity(profile), *(getattr(profile, name) for name in _PLACE)))


def merged_processes(processes: Sequence[Sequence[_P]]) -> list[_P]:
    """The same of processes whose code may have changed between them, the latest first: a function is the same by its
    names, wherever it stands now. Where a process has several of these names, each is told by its code."""
    counts = [Counter(map(_identity, profiles)) for profiles in processes]
    several = {identity for count in counts for identity, times in count.items() if times > 1}

    def key(profile: _P) -> tuple[object, ...]:
        own = (profile.digest or (profile.file, profile.line),) if _identity(profile) in several else ()
        return (*_identity(profile), *own)

    return _sums(chain.from_iterable(processes), key)


def _identity(profile: ProfileRecord) -> tuple[object, ...]:
    return tuple(getattr(profile, name) for name in _IDENTITY)


def _sums(profiles: Iterable[_P], key: Callable[[_P], tuple[object, ...]]) -> list[_P]:
    groups: dict[tuple[object, ...], list[_P]] = {}
    for profile in profiles:
        groups.setdefault(key(profile), []).append(profile)
    return sorted((_sum(group) for group in groups.values()), key=lambda profile: -(profile.wall_s or 0.0))


def _sum(group: list[_P]) -> _P:
    figures: dict[str, Any] = {name: sum(getattr(part, name) for part in group) for name in _ADDED}
    for name in _LARGEST:
        figures[name] = max((value for part in group if (value := getattr(part, name)) is not None), default=None)
    figures["greenlets"] = any(part.greenlets for part in group)
    queues = [part.clocked_runqueue_s for part in group if part.clocked_calls]
    figures["clocked_runqueue_s"] = None if None in queues or not queues else sum(queues)
    if any(part.clocked_calls and not part.clocked_wall_wall_s2 for part in group):
        figures["clocked_wall_wall_s2"] = 0.0  # one is of a version that did not keep it: it is unknown of all
    for name in _COUNTED:
        figures[name] = dict(sum((Counter(getattr(part, name)) for part in group), Counter()))
    limits = [part.cpu_limit_s for part in group]
    figures["cpu_limit_s"] = None if None in limits else sum(limit for limit in limits if limit is not None)
    figures["queue_waits"] = added_delays(part.queue_waits for part in group)
    figures["on_loops"] = added_on_loops(part.on_loops for part in group)
    return msgspec.structs.replace(group[0], **figures, observed=added(part.observed for part in group))
