"""What a process did since an earlier moment, from its counts then and now: each hour, of one that runs for days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gilscope.production.sketch import middle_s

if TYPE_CHECKING:
    from gilscope.production.profile import Profile

__all__ = ["identity", "since"]

#: Figures that are no sums: they are as they are later.
_KEPT: Final = ("file", "line", "digest", "cpus", "cpu_limit_s")
_LARGEST: Final = ("longest_s", "longest_block_s")


def identity(profile: Profile) -> tuple[object, ...]:
    """What tells a function from others in one process."""
    return profile.spec, profile.name, profile.kind, profile.file, profile.line, profile.digest


def since(later: Iterable[Profile], earlier: Iterable[Profile]) -> tuple[Profile, ...]:
    """What was done in between, by function; of those only that were called, or seen in a call."""
    known = {identity(profile): profile for profile in earlier}
    parts = (_between(each, known[key]) if (key := identity(each)) in known else each for each in later)
    return tuple(part for part in parts if part.calls or (part.observed is not None and part.observed.samples))


def _between(later: Profile, earlier: Profile) -> Profile:
    """Of the largest: itself where it grew meanwhile; otherwise what the durations say, or unknown."""
    between = _record(later, earlier)
    grown = {name: _grown(getattr(later, name), getattr(earlier, name)) for name in _LARGEST}
    if grown["longest_s"] is None and between.durations:
        grown["longest_s"] = middle_s(max(between.durations))
    found: Profile = msgspec.structs.replace(between, **grown)
    return found


def _grown(later: float | None, earlier: float | None) -> float | None:
    return None if later is None or (earlier is not None and later <= earlier) else later


def _record(later: Any, earlier: Any) -> Any:
    names = [name for name in later.__struct_fields__ if name not in _KEPT and not name.startswith("longest")]
    return msgspec.structs.replace(
        later, **{name: _less(getattr(later, name), getattr(earlier, name)) for name in names}
    )


def _less(later: Any, earlier: Any) -> Any:
    """By what it is: a number, counts by key, a record, records of places; anything else is as it is later."""
    if later is None or earlier is None or isinstance(later, bool | str):
        return later
    if isinstance(later, msgspec.Struct):
        return _record(later, earlier)
    if isinstance(later, Mapping):
        left = {key: count - earlier.get(key, 0) for key, count in later.items()}
        return {key: count for key, count in left.items() if count > 0}
    if isinstance(later, tuple):
        known = {_place(each): each for each in earlier}
        return tuple(_record(each, known[key]) if (key := _place(each)) in known else each for each in later)
    return max(later - earlier, 0) if isinstance(later, int | float) else later


def _place(each: Any) -> Any:
    """What tells a record from others of its sort: its texts, and the line."""
    if not isinstance(each, msgspec.Struct):
        return each
    names = each.__struct_fields__
    return tuple(value for name in names if isinstance(value := getattr(each, name), str) or name == "line")
