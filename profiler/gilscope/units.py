"""Figures in words, decided here and nowhere else: for reports, reasons of decisions, errors and the live view alike.

- What was measured has three digits that count (``1.23``, ``0.400``, ``1,230``); ratios and averages have two decimals
  below ten; shares and changes are whole percents, what differs between shares is in percentage points (pp).
- What was given or counted is exact, without padding: ``0.5 CPUs``, ``10 s``, ``2,500 calls``.
- A unit stands behind a space, ``%`` and ``×`` do not; memory is binary (KiB, MiB); a minus is ``−``.
- Two ends are joined by a dash, by "to" where one has a sign: ``1.80–2.00``, ``−37 to −35``. The unit is said once.
- None is ``unknown``. A table has a dash where there is no such figure: nothing to measure, or too few calls for one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "DASH",
    "UNKNOWN",
    "average",
    "average_difference",
    "byte_size",
    "change",
    "confidence",
    "counted",
    "difference",
    "duration",
    "duration_difference",
    "duration_interval",
    "exact",
    "give_or_take",
    "given_duration",
    "given_size",
    "grade",
    "hertz",
    "interval",
    "number",
    "of_a_hundred",
    "percent",
    "percent_at_most",
    "percent_interval",
    "points",
    "rate",
    "rate_difference",
    "rough_duration",
    "signed",
    "slowdown",
    "span",
    "thousands",
    "times",
    "times_interval",
    "typed",
]

UNKNOWN: Final = "unknown"
DASH: Final = "–"
#: What is less is the rest of a subtraction, and no time that a clock told.
LEAST_S: Final = 1e-10
#: An interval from so many times less to so many times more than its figure holds everything.
_HOLDS_ALL: Final = 10.0
_DIGITS: Final = 3
#: Each up to so many seconds.
_TIMES: Final = (
    (1e-6, 1e-9, "ns"),
    (1e-3, 1e-6, "µs"),
    (1.0, 1e-3, "ms"),
    (120.0, 1.0, "s"),
    (7_200.0, 60.0, "min"),
    (172_800.0, 3_600.0, "h"),
    (math.inf, 86_400.0, "days"),
)
#: Each from so much on.
_MULTIPLES: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"))
_SIZES: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


# ---- numbers ----


def _fixed(value: float, decimals: int) -> str:
    """With thousands apart and a minus that is one; what rounds to nothing has no sign."""
    rounded = round(value, decimals) + 0.0
    text = f"{abs(rounded):,.{max(decimals, 0)}f}"
    return f"−{text}" if rounded < 0 else text


def _decimals(value: float, digits: int = _DIGITS) -> int:
    """How many decimals show so many digits that count; negative for whole tens and more."""
    if value == 0 or not math.isfinite(value):
        return 0
    return digits - 1 - int(f"{value:.{digits - 1}e}".partition("e")[2])  # after rounding: 9.996 is 10.0


def number(value: float | None) -> str:
    """``1.23``, ``0.400``, ``1,230``, ``1.23M``; ``unknown`` for None."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    decimals = _decimals(value)
    rounded = abs(round(value, decimals))
    least, letter = _multiple(rounded)
    return f"{_fixed(value / least, _decimals(value / least))}{letter}"


def _multiple(size: float) -> tuple[float, str]:
    """Thousands stand apart up to a million; from there on it is millions."""
    return next(((least, letter) for least, letter in _MULTIPLES if size >= least), (1.0, ""))


def average(value: float | None) -> str:
    """How many of something there were at a time, on average: ``0.92``, ``1.15``, ``12.3``."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if 0 < value < 0.005:
        return "<0.01"
    return number(value) if value == 0 or abs(value) >= 9.995 else _fixed(value, 2)


def exact(value: float) -> str:
    """A number as it was given: ``0.5``, ``2``, ``1,000,000``."""
    whole, point, rest = _fixed(value, 9).partition(".")
    decimals = rest.rstrip("0")
    return f"{whole}{point}{decimals}" if decimals else whole


def typed(value: float) -> str:
    """A number as programs read it: ``0.9``, ``1000``."""
    return f"{value:g}"


def thousands(count: int) -> str:
    """A count alone: ``2,500``."""
    return _fixed(count, 0)


def counted(count: float, what: str, plural: str = "s") -> str:
    """``2500, "call"`` → ``2,500 calls``; half a CPU is ``0.5 CPUs``."""
    return f"{exact(count)} {what}{'' if count == 1 else plural}"


def signed(value: float, show: Callable[[float], str] = number) -> str:
    """What is more or less: ``+0.360``, ``−0.360``; ``0`` has no sign."""
    shown = show(abs(value))
    is_nothing = not any("1" <= letter <= "9" for letter in shown)
    return "0" if is_nothing else f"{'−' if value < 0 else '+'}{shown}"


def interval(low: float | None, high: float | None) -> str:
    """The two ends of an interval of numbers, with as many decimals as the larger has, or more where they are close."""
    if low is None or high is None:
        return UNKNOWN
    least, letter = _multiple(max(abs(low), abs(high)))
    low, high = low / least, high / least
    decimals = max(0, _decimals(max(abs(low), abs(high))), _of_width(low, high))
    return f"{_between(*('0' if end == 0 else _fixed(end, decimals) for end in (low, high)))}{letter}"


def _of_width(low: float, high: float) -> int:
    """The decimals that tell what lies between two ends by two digits, as errors are told."""
    return _decimals(high - low, 2) if high > low else 0


def _between(low: str, high: str) -> str:
    return f"{low}–{high}" if "−" not in low + high and "+" not in low + high else f"{low} to {high}"


def span(low: int, high: int) -> str:
    """From one count to another: ``2–3``."""
    return thousands(low) if low == high else _between(thousands(low), thousands(high))


def difference(value: float, low: float | None = None, high: float | None = None, unit: str = "") -> str:
    """What a number changed by, to what its interval tells, where that is known: ``+1.24 (+0.43 to +2.05)``."""
    if low is None or high is None:
        return f"{signed(value)}{unit}"
    decimals = max(0, _of_width(low, high) if high > low else _decimals(value))
    return _difference(value, low, high, lambda size: _fixed(size, decimals), unit)


def _difference(value: float, low: float, high: float, show: Callable[[float], str], unit: str = "") -> str:
    middle, *ends = (signed(each, show) for each in (value, low, high))
    return f"{middle}{unit} ({' to '.join(ends)})"


def average_difference(value: float, low: float | None = None, high: float | None = None) -> str:
    """What an average changed by, in two decimals as the average itself: ``+0.12 (+0.04 to +0.20)``."""
    if low is None or high is None:
        return signed(value, lambda size: _fixed(size, 2))
    return _difference(value, low, high, lambda size: _fixed(size, 2))


# ---- times ----


def duration(seconds: float | None) -> str:
    """``0.0123`` → ``12.3 ms``."""
    return UNKNOWN if seconds is None else _timed(seconds, _DIGITS, number)


def rough_duration(seconds: float) -> str:
    """``0.0523`` → ``52 ms``: two digits, for what is a class and no measurement."""
    return _timed(seconds, 2, lambda value: exact(float(f"{value:.2g}")))


def given_duration(seconds: float) -> str:
    """A limit, as somebody gave it: ``10 s``, ``250 ms``, ``1.5 s``."""
    return _timed(seconds, 9, lambda value: exact(round(value, 6)))


def _timed(seconds: float, digits: int, show: Callable[[float], str]) -> str:
    if not math.isfinite(seconds):
        return UNKNOWN
    if abs(seconds) < LEAST_S:
        return f"<{rough_duration(LEAST_S)}" if seconds > 0 else "0 s"
    scale, unit = _unit_of(seconds, digits)
    return f"{show(seconds / scale)} {unit}"


def _unit_of(seconds: float, digits: int = _DIGITS) -> tuple[float, str]:
    """Of the figure as it will be rounded, in that unit."""
    size = abs(seconds)
    fitting = ((scale, unit) for most, scale, unit in _TIMES if float(f"{size / scale:.{digits}g}") * scale < most)
    return next(fitting, _TIMES[-1][1:])


def duration_interval(low_s: float | None, high_s: float | None) -> str:
    """In the unit of the larger, said once: ``112–208 ms``."""
    if low_s is None or high_s is None:
        return UNKNOWN
    scale, unit = _unit_of(max(abs(low_s), abs(high_s)))
    return f"{interval(low_s / scale, high_s / scale)} {unit}"


def duration_difference(value_s: float, low_s: float | None = None, high_s: float | None = None) -> str:
    """What a time changed by: ``+12.0 ms (+1.0 to +23.0)``."""
    scale, unit = _unit_of(max(abs(end) for end in (value_s, low_s or 0.0, high_s or 0.0)))
    low, high = (None if end is None else end / scale for end in (low_s, high_s))
    return difference(value_s / scale, low, high, unit=f" {unit}")


def rate_difference(value_per_s: float, low: float | None = None, high: float | None = None) -> str:
    """What a rate changed by: ``+12.0/s (+1.0 to +23.0)``."""
    return difference(value_per_s, low, high, unit="/s")


def rate(per_s: float | None) -> str:
    """``1234.5`` → ``1,230/s``."""
    return UNKNOWN if per_s is None else f"{number(per_s)}/s"


def hertz(per_s: float | None) -> str:
    """How often something is looked at: ``496 Hz``."""
    return UNKNOWN if per_s is None else f"{number(per_s)} Hz"


# ---- memory ----


def byte_size(count: float | None) -> str:
    """``1536`` → ``1.50 KiB``."""
    if count is None or not math.isfinite(count):
        return UNKNOWN
    size, units = _binary(count)
    return counted(round(size), "byte") if len(units) == len(_SIZES) else f"{number(size)} {units[0]}"


def given_size(count: int) -> str:
    """A limit, as somebody gave it: ``512 MiB``."""
    size, units = _binary(count)
    return f"{exact(size)} {units[0]}"


def _binary(count: float) -> tuple[float, Sequence[str]]:
    """In the largest unit that it has one of, and the units from there on."""
    size, units = float(count), list(_SIZES)
    while abs(size) >= 1023.5 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return size, units


# ---- shares ----


def percent(share: float | None, *, of_several: bool = False) -> str:
    """``0.5`` → ``50%``; 0% and 100% only where they are exactly true.

    :param of_several: a sum of shares, of which 100% is no limit
    """
    if share is None or not math.isfinite(share):
        return UNKNOWN
    if 0 < share < 0.01 and not _is(share, 0.0):
        return "<1%"
    if not of_several and (0.99 < share < 1 or round(share * 100) == 100) and not _is(share, 1.0):
        return ">99%" if share < 1 else ">100%"
    return f"{_fixed(100 * share, 0)}%"


def _is(share: float, whole: float) -> bool:
    return math.isclose(share, whole, abs_tol=1e-9)


def percent_at_most(share: float) -> str:
    """A bound, which rounding may only raise: ``≤36%``."""
    return f"≤{percent(math.ceil(100 * share - 1e-7) / 100)}"


def percent_interval(low: float, high: float) -> str:
    """Whole percents that hold it: ``40–56%``."""
    ends = (math.floor(100 * low + 1e-7), math.ceil(100 * high - 1e-7))
    return f"{_between(*(_fixed(end, 0) for end in ends))}%"


def points(value: float, low: float | None = None, high: float | None = None) -> str:
    """What a share changed by, in percentage points: ``−36 pp (−37 to −35)``."""
    told = f"{_whole(100 * value)} pp"
    return told if low is None or high is None else f"{told} ({_whole(100 * low)} to {_whole(100 * high)})"


def _whole(value: float) -> str:
    return signed(value, lambda size: _fixed(size, 0))


def give_or_take(half: float) -> str:
    """Half the width of a share's interval, in percentage points: ``±8 pp``, ``±0.52 pp``."""
    return f"±{exact(float(f'{100 * half:.2g}'))} pp"


def change(factor: float) -> str:
    """``1.03`` → ``+3%``."""
    return f"{_whole(100 * (factor - 1))}%"


def slowdown(factor: float | None) -> str:
    """What watching costs: ``1.02`` → ``2% slower``."""
    if factor is None:
        return UNKNOWN
    more = factor - 1
    if abs(more) < 0.005:
        return "less than 1%"
    return f"{percent(abs(more))} {'slower' if more > 0 else 'faster'}"


# ---- ratios ----


def times(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """``1.93× (1.85–2.01)``; the interval only where it is known, and unknown where that holds everything."""
    if value is None or not math.isfinite(value) or _holds_everything(value, low, high):
        return UNKNOWN
    return f"{_factor(value)}×{'' if low is None or high is None else f' ({_ends(low, high)})'}"


def _ends(low: float, high: float) -> str:
    return _between(_factor(low), _factor(high)) if math.isfinite(high) else f"at least {_factor(low)}"


def times_interval(low: float, high: float) -> str:
    """``1.50–1.93×``; one ratio where both ends are."""
    ends = (_factor(low), _factor(high))
    return f"{ends[0] if ends[0] == ends[1] else _between(*ends)}×"


def _holds_everything(value: float, low: float | None, high: float | None) -> bool:
    """From next to nothing to many times as much."""
    if low is None or high is None:
        return False
    return low * _HOLDS_ALL <= value and not high < value * _HOLDS_ALL


def _factor(value: float) -> str:
    """Two decimals below ten."""
    return _fixed(value, 2) if 0.095 <= abs(value) < 9.995 else number(value)


# ---- how sure ----


def confidence(value: float) -> str:
    """``0.95`` → ``high, 95%``; nothing is certain."""
    return f"{grade(value)}, {percent(min(value, 0.999))}"


def grade(confidence: float) -> str:
    """``0.95`` → ``high``."""
    grades = ((0.9, "high"), (0.7, "moderate"), (0.5, "low"))
    return next((word for least, word in grades if confidence >= least), "very low")


def of_a_hundred(probability: float) -> str:
    """``0.95`` → ``95 of 100``; all of them are never certain."""
    times_in_100 = math.floor(100 * probability + 1e-7)
    return f"{min(times_in_100, 99)} of 100" if probability <= 0.99 else "more than 99 of 100"
