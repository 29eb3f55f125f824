"""Functions called within one another: what each is told to have computed must fit into its caller.

Each function's CPU is estimated from calls of its own, so that of one that is called by a single other may come out as
more than that one's, which cannot be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from gilscope.production.record import ProfileRecord

__all__ = ["nested"]

_P = TypeVar("_P", bound=ProfileRecord)


def nested(found: Iterable[_P]) -> list[_P]:
    """The profiles, none with more CPU than its only caller (`ProfileRecord.cpu_limit_s`)."""
    profiles = list(found)
    by_spec: defaultdict[str, list[_P]] = defaultdict(list)
    for profile in profiles:
        by_spec[profile.spec].append(profile)
    return [_limited(profile, _limit_s(profile, by_spec)) for profile in profiles]


def _limited(profile: _P, limit_s: float | None) -> _P:
    if limit_s is None or profile.cpu_s is None or profile.cpu_s <= limit_s:
        return profile
    return msgspec.structs.replace(profile, cpu_limit_s=limit_s)


def _limit_s(profile: _P, by_spec: Mapping[str, Sequence[_P]]) -> float | None:
    """The least CPU of all that it can only be called through; None where that is not known."""
    limit_s, passed = None, {profile.spec}
    while (caller := profile.only_caller) is not None and caller not in passed and len(by_spec.get(caller, ())) == 1:
        passed.add(caller)
        [profile] = by_spec[caller]
        if profile.cpu_s is not None:
            limit_s = profile.cpu_s if limit_s is None else min(limit_s, profile.cpu_s)
    return limit_s
