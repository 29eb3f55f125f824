"""One function under several Pythons: how much faster each is than the first, alone and as recommended, and which is
the fastest.

Ratios come from rounds that were interleaved, and their intervals are widened by the noise floor of either analysis:
what two processes of one configuration differ by, two of different Pythons differ by too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Final, NamedTuple

import msgspec

from gilscope.decide.changes import widened
from gilscope.decide.noise import floor_of
from gilscope.decide.stats import ratio_interval
from gilscope.records.pythons import PythonRecord, PythonStatus, Ratio
from gilscope.units import counted, thousands, times

__all__ = ["Named", "SideBySide", "average_calls_s", "names_of", "side_by_side", "verdict"]


class Named(NamedTuple):
    """A Python by what may tell it from others."""

    path: str
    """As it was named."""
    python: str
    """Its version."""
    free_threaded: bool
    prefix: str
    """The folder of its environment."""


def names_of(pythons: Sequence[Named]) -> list[str]:
    """The shortest names that tell all of them apart: ``3.14`` and ``3.14t``, else with the whole version, else with
    the folder of the environment, else the paths."""
    ways: tuple[Callable[[Named], str], ...] = (_minor, _whole, _placed, lambda one: one.path)
    made = [[way(one) for one in pythons] for way in ways]
    return next((names for names in made if len(set(names)) == len(names)), made[-1])


def _minor(one: Named) -> str:
    return ".".join(one.python.split(".")[:2]) + _build(one)


def _whole(one: Named) -> str:
    return one.python + _build(one)


def _placed(one: Named) -> str:
    return f"{_minor(one)} in {PurePath(one.prefix).name or one.prefix}"


def _build(one: Named) -> str:
    """As CPython's own file names have it (PEP 703)."""
    return "t" if one.free_threaded else ""


def average_calls_s(costs: Sequence[Mapping[int, float]]) -> list[float | None]:
    """The unit of each Python's rates: its mean cost of a call, over the inputs whose cost is known under all of them,
    so that it is the same work. None where there are none.

    :param costs: of each Python, solo seconds of each input, by number
    """
    known = set.intersection(*(set(own) for own in costs)) if costs else set()
    return [sum(own[number] for number in known) / len(known) if known else None for own in costs]


class SideBySide(NamedTuple):
    """As the fields of `gilscope.records.pythons.PythonsRecord` are."""

    pythons: tuple[PythonRecord, ...]
    first: int | None
    fastest: int | None
    as_fast: tuple[int, ...]


def side_by_side(pythons: Sequence[PythonRecord]) -> SideBySide:
    """With the ratios filled in, of those that are fit to be compared, and which of them is the fastest."""
    first = next((number for number, one in enumerate(pythons) if one.status == "ok"), None)
    if first is None:
        return SideBySide(tuple(pythons), None, None, ())
    compared = tuple(_held_against(pythons[first], one) for one in pythons)
    gains = {number: one.gain.value for number, one in enumerate(compared) if one.gain}
    if not gains:
        return SideBySide(compared, first, None, ())
    top = max(gains, key=lambda number: gains[number])
    alike = [number for number in gains if number == top or not _is_faster(compared[top], compared[number])]
    return SideBySide(compared, first, alike[0], tuple(alike[1:]))


def _held_against(first: PythonRecord, one: PythonRecord) -> PythonRecord:
    if one.status != "ok":
        return one
    alone = Ratio(value=1.0) if one is first else _ratio(one, one.alone_rates_per_s, first, first.alone_rates_per_s)
    gain = _ratio(one, one.best_rates_per_s, first, first.alone_rates_per_s)
    if one.best == "serial":
        gain = alone
    if gain is None and one is first:
        gain = _own_gain(first)
    if one.best is None:  # its rounds were those of the function alone
        gain = None
    return msgspec.structs.replace(one, alone=alone, gain=gain)


def _own_gain(one: PythonRecord) -> Ratio | None:
    """As its own analysis tells it, whose rounds were interleaved too."""
    advice = one.result.recommendation if one.result else None
    if advice is None or advice.speedup is None:
        return None
    return Ratio(value=advice.speedup, low=advice.speedup_low, high=advice.speedup_high)


def _is_faster(one: PythonRecord, other: PythonRecord) -> bool:
    """Whether its best is shown to be faster than the best of the other."""
    ratio = _ratio(one, one.best_rates_per_s, other, other.best_rates_per_s)
    return ratio is not None and ratio.low is not None and ratio.low > 1


def _ratio(one: PythonRecord, rates: Sequence[float], other: PythonRecord, baseline: Sequence[float]) -> Ratio | None:
    """None where there were no rounds, or a call succeeded in none of one."""
    if not rates or not baseline or min(*rates, *baseline) <= 0:
        return None
    floor = floor_of(*(each.result.noise for each in (one, other) if each.result))
    gap = widened(ratio_interval(rates, baseline), floor)
    return Ratio(value=gap.value, low=gap.low, high=gap.high)


#: Of many Pythons that one thing is said of.
_MOST_TOLD: Final = 2

_WORDS: Final[dict[PythonStatus, str]] = {
    "refused": "could not be measured",
    "differing": "not compared",
    "failed": "failed",
    "interrupted": "not measured to the end",
}


# -- in words ---------------------------------------------------------------------------------------------------------


def verdict(found: SideBySide) -> str:
    """In a sentence: how fast each is alone, and which is the fastest, as what."""
    if found.first is None:
        return "No Python could be measured."
    first = found.pythons[found.first]
    told = [*_alone(found, first), *_best(found, first), *_left_out(found.pythons)]
    return f"{'; '.join(told)}."


def _alone(found: SideBySide, first: PythonRecord) -> list[str]:
    others = [one for number, one in enumerate(found.pythons) if one.status == "ok" and number != found.first]
    return _few([f"{one.name}: {_shown(one.alone)} {first.name} alone" for one in others])


def _shown(ratio: Ratio | None) -> str:
    """With the word that leads on to what it is a ratio to."""
    if ratio is None:
        return "not known beside"
    if ratio.low is None or ratio.high is None:
        return f"{times(ratio.value)}, without an interval, of"
    return "no difference is shown to" if ratio.low <= 1 <= ratio.high else f"{times(ratio.value)} of"


def _best(found: SideBySide, first: PythonRecord) -> list[str]:
    if found.fastest is None:
        return [f"{first.name}: best {first.best}"] if first.best else [f"{first.name}: cannot tell how to run it"]
    fastest = found.pythons[found.fastest]
    gain = "" if fastest is first and fastest.best == "serial" else f", {_gain(fastest)}"
    alike = [_as(found.pythons[number]) for number in found.as_fast]
    return [f"best: {_as(fastest)}{gain}{' (not told apart: ' + ', '.join(_few(alike)) + ')' if alike else ''}"]


def _gain(one: PythonRecord) -> str:
    return times(one.gain.value if one.gain else None)


def _as(one: PythonRecord) -> str:
    return f"{one.name} left serial" if one.best == "serial" else f"{one.name} with {one.best}"


def _left_out(pythons: Sequence[PythonRecord]) -> list[str]:
    """Those alike in one breath."""
    names = {status: [one.name for one in pythons if one.status == status] for status in _WORDS}
    return [f"{_named(found)} {_WORDS[status]}" for status, found in names.items() if found]


def _named(names: list[str]) -> str:
    """Paths only where it is one: the reasons name them."""
    return counted(len(names), "Python") if len(names) > 1 and "/" in "".join(names) else _listed(_few(names))


def _few(told: list[str]) -> list[str]:
    """The first of many, and how many there are more: a sentence stays one."""
    return told if len(told) <= _MOST_TOLD + 1 else [*told[:_MOST_TOLD], f"{thousands(len(told) - _MOST_TOLD)} more"]


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
