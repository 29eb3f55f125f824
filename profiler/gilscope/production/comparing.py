"""Two recordings of the same functions compared, before and after a deploy for example: latencies, CPU and errors of a
call, with intervals.

Calls of one worker in one hour resemble each other more than those of another, so an interval comes from how much the
recorded processes differ: each figure is worked out again without each of them, or without each of some groups of them
(the delete-a-group jackknife; Kott 2001, The Delete-a-Group Jackknife, Journal of Official Statistics 17). Where there
is one process alone its calls are taken to be independent, which makes the interval too narrow: that is told.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gilscope.decide.changes import Change
from gilscope.decide.stats import NORMAL_QUANTILE, Estimate, share_difference, student_quantile
from gilscope.production import sketch
from gilscope.production.merging import merged_processes

if TYPE_CHECKING:
    from gilscope.production.files import Loaded
    from gilscope.production.profile import Profile

__all__ = ["ALL_CALLS", "Compared", "Counted", "compare_recordings", "log_estimate"]

#: Where the figures are from.
ALL_CALLS: Final = "all calls"
#: More processes than that are put into so many groups.
GROUPS: Final = 20
#: With fewer calls measured nothing is said of a figure's interval.
MIN_CALLS: Final = 10

_Figure = Callable[["Profile"], "float | None"]

_FIGURES: Final[dict[str, _Figure]] = {
    "wall": lambda profile: profile.mean_s,
    "latency_p50": lambda profile: profile.quantile_s(0.5),
    "latency_p99": lambda profile: profile.quantile_s(0.99),
    "cpu": lambda profile: profile.cpu_s / profile.calls if profile.cpu_s is not None and profile.calls else None,
}
_SHARES: Final = {"latency_p50": 0.5, "latency_p99": 0.99}


@dataclass(frozen=True)
class Counted:
    """How often a function was called in one of the recordings."""

    calls: int
    processes: int
    per_s: float | None
    """Over the whole recording, from its first process's start to the last one's end."""


@dataclass(frozen=True)
class Compared:
    """A function that both recordings have."""

    old: Profile
    new: Profile
    counts: tuple[Counted, Counted]
    changes: tuple[Change, ...]


def compare_recordings(old: Loaded, new: Loaded) -> tuple[list[Compared], list[Profile], list[Profile]]:
    """Functions that both have, the most wall clock first; those of the old one alone; those of the new one alone."""
    keys = _keys(old.profiles, new.profiles)
    was, now = ({keys(profile): profile for profile in side.profiles} for side in (old, new))
    both = [_compared(was[key], now[key], keys, old, new) for key in now if key in was]
    return both, [was[key] for key in was if key not in now], [now[key] for key in now if key not in was]


_Key = Callable[["Profile"], "tuple[object, ...]"]


def _keys(*sides: Sequence[Profile]) -> _Key:
    """What tells functions apart: their names, and their code too where a recording has several of the same."""
    counts = [Counter(map(_names, side)) for side in sides]
    several = {names for count in counts for names, times in count.items() if times > 1}
    return lambda profile: (*_names(profile), *([profile.digest] if _names(profile) in several else []))


def _names(profile: Profile) -> tuple[object, ...]:
    return profile.spec, profile.name, profile.kind


def _compared(was: Profile, now: Profile, key: _Key, old: Loaded, new: Loaded) -> Compared:
    sides = (_Side(was, _parts(old, key, now)), _Side(now, _parts(new, key, now)))
    changes = (*(_change(figure, *sides) for figure in _FIGURES), _errors(was, now))
    return Compared(was, now, (_counted(was, old), _counted(now, new)), changes)


def _parts(side: Loaded, key: _Key, of: Profile) -> list[Profile]:
    return [profile for part in side.parts for profile in part if key(profile) == key(of)]


def _counted(profile: Profile, side: Loaded) -> Counted:
    spans = [(each.started, each.until) for each in side.recorded]
    seconds = max(until for _, until in spans) - min(started for started, _ in spans) if spans else 0.0
    return Counted(profile.calls, profile.processes, profile.calls / seconds if seconds > 0 else None)


def _errors(was: Profile, now: Profile) -> Change:
    before, after = (profile.errors / profile.calls if profile.calls else None for profile in (was, now))
    if before is None or after is None:
        return Change("errors", ALL_CALLS, before, after)
    return Change("errors", ALL_CALLS, before, after, share_difference(after, now.calls, before, was.calls))


@dataclass(frozen=True)
class _Side:
    whole: Profile
    parts: Sequence[Profile]


def _change(figure: str, was: _Side, now: _Side) -> Change:
    before, after = _FIGURES[figure](was.whole), _FIGURES[figure](now.whole)
    if not before or not after:  # nothing is known of it, or there is none
        return Change(figure, ALL_CALLS, before, after)
    return Change(figure, ALL_CALLS, before, after, _ratio(figure, after / before, was.parts, now.parts))


def _ratio(figure: str, ratio: float, old: Sequence[Profile], new: Sequence[Profile]) -> Estimate:
    first, second = log_estimate(figure, old), log_estimate(figure, new)
    if first is None or second is None:
        return Estimate(ratio)
    half = _quantile(*first, *second) * math.hypot(first[0], second[0])
    return Estimate(ratio, ratio * math.exp(-half), ratio * math.exp(half))


def _quantile(first: float, freedom: int | None, second: float, others: int | None) -> float:
    """Student's, by the degrees of freedom of Welch and Satterthwaite; None: so many that there is no end to them."""
    a, b = first**2, second**2
    rest = (a**2 / freedom if freedom else 0.0) + (b**2 / others if others else 0.0)
    return student_quantile((a + b) ** 2 / rest) if rest > 0 else NORMAL_QUANTILE


def log_estimate(figure: str, parts: Sequence[Profile]) -> tuple[float, int | None] | None:
    """The standard error of a figure's logarithm, and its degrees of freedom (None for very many); None where too
    little was measured to say."""
    told = [part for part in parts if part.timed_calls]
    if sum(part.timed_calls for part in told) < MIN_CALLS:
        return None
    within = _within(figure, told)
    between = _between(figure, told) if len(told) > 1 else None
    if between is None:
        return None if within is None else (within, None)
    groups = min(len(told), GROUPS)
    return max(between, within or 0.0), groups - 1


def _between(figure: str, parts: Sequence[Profile]) -> float | None:
    """By leaving out one group after the other."""
    groups = [parts[number::GROUPS] for number in range(min(len(parts), GROUPS))]
    logs = []
    for left_out in groups:
        value = _FIGURES[figure](_sum(part for group in groups if group is not left_out for part in group))
        if not value or value <= 0:
            return None
        logs.append(math.log(value))
    middle = sum(logs) / len(logs)
    return math.sqrt((len(logs) - 1) / len(logs) * sum((log - middle) ** 2 for log in logs))


def _within(figure: str, parts: Sequence[Profile]) -> float | None:
    """As if each call were independent of the others."""
    whole = _sum(parts)
    if figure in _SHARES:
        return _quantile_error(whole, _SHARES[figure])
    if figure == "cpu":
        return whole.cpu_error_s / whole.cpu_s if whole.cpu_error_s is not None and whole.cpu_s else None
    mean_s, square = sketch.moments(whole.durations)
    return math.sqrt(max(square - mean_s**2, 0.0) / whole.timed_calls) / mean_s if mean_s > 0 else None


def _quantile_error(whole: Profile, share: float) -> float | None:
    """From the quantiles at either end of the share's own interval (Woodruff 1952), and the width of a bucket."""
    half = NORMAL_QUANTILE * math.sqrt(share * (1 - share) / whole.timed_calls)
    low, high = whole.quantile_s(max(share - half, 0.0)), whole.quantile_s(min(share + half, 1.0))
    if not low or not high:
        return None
    return math.hypot(math.log(high / low) / (2 * NORMAL_QUANTILE), sketch.RELATIVE_ERROR / math.sqrt(3))


def _sum(parts: Iterable[Profile]) -> Profile:
    """Of one function: there is one name."""
    return merged_processes([[part] for part in parts])[0]
