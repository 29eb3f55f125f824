"""Figures in words: one rule of rounding for each kind of figure, for reports and for the reasons of decisions alike.

Numbers, durations, rates and sizes have three digits that count, ratios two decimals below ten, shares whole percents.
Memory is binary (KiB, MiB). What is not known is called that.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "UNKNOWN",
    "byte_size",
    "change",
    "confidence",
    "counted",
    "duration",
    "interval",
    "number",
    "percent",
    "rate",
    "rough_duration",
    "slowdown",
    "times",
]

UNKNOWN: Final = "unknown"
#: What is less is the rest of a subtraction, and no time that a clock told.
LEAST_S: Final = 1e-10
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


def number(value: float | None) -> str:
    """``1.23``, ``12.3``, ``1,230``, ``1.23M``; ``unknown`` for None."""
    if value is None:
        return UNKNOWN
    rounded = float(f"{value:.3g}")
    size = abs(rounded)
    if size >= 1e6 and math.isfinite(value):
        return f"{number(value / 1e6)}M"
    if size >= 100 or not math.isfinite(value):
        return f"{rounded:,.0f}"
    return f"{rounded:#.3g}" if size >= 1 else f"{rounded:.3g}"


def duration(seconds: float | None) -> str:
    """``0.0123`` → ``12.3 ms``."""
    if seconds is None:
        return UNKNOWN
    return _timed(seconds, 3, number)


def rough_duration(seconds: float) -> str:
    """``0.0523`` → ``52 ms``: two digits, for what is a class and no measurement."""
    return _timed(seconds, 2, lambda value: f"{float(f'{value:.2g}'):g}")


def _timed(seconds: float, digits: int, show: Callable[[float], str]) -> str:
    if not math.isfinite(seconds) or seconds == 0:
        return f"{seconds:.0f} s"
    if abs(seconds) < LEAST_S:
        return f"<{_timed(LEAST_S, digits, show)}"
    rounded = abs(float(f"{seconds:.{digits}g}"))
    scale, unit = next((scale, unit) for most, scale, unit in _TIMES if rounded < most)
    return f"{show(seconds / scale)} {unit}"


def byte_size(count: float | None) -> str:
    """``1536`` → ``1.50 KiB``."""
    if count is None:
        return UNKNOWN
    size, units = float(count), ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while abs(size) >= 1023.5 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return counted(round(size), "byte") if units[0] == "bytes" else f"{number(size)} {units[0]}"


def percent(share: float | None) -> str:
    """``0.5`` → ``50%``; 0% and 100% only where they are exactly true."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    for exact in (0.0, 1.0):
        if math.isclose(share, exact, abs_tol=1e-9):
            return f"{exact:.0%}"
    if 0 < share < 0.01:
        return "<1%"
    if 0.99 < share < 1:
        return ">99%"
    return f"{share:.0%}" if round(share * 100) != 100 else ">100%"


def change(factor: float) -> str:
    """``1.03`` → ``+3%``."""
    return f"{factor - 1:+.0%}"


def rate(per_s: float | None) -> str:
    """``1234.5`` → ``1,230/s``."""
    return UNKNOWN if per_s is None else f"{number(per_s)}/s"


def interval(low: float | None, high: float | None) -> str:
    """The two ends of an interval of numbers: ``5.40–6.00``."""
    return UNKNOWN if low is None or high is None else f"{number(low)}–{number(high)}"


def times(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """``1.93× (1.85–2.01)``; the interval only where it is known."""
    if value is None:
        return UNKNOWN
    between = "" if low is None or high is None else f" ({_factor(low)}–{_factor(high)})"
    return f"{_factor(value)}×{between}"


def _factor(value: float) -> str:
    return f"{value:.2f}" if 0.095 <= abs(value) < 9.995 else number(value)


def slowdown(factor: float | None) -> str:
    """What watching costs: ``1.02`` → ``2% slower``."""
    if factor is None:
        return UNKNOWN
    more = factor - 1
    if abs(more) < 0.005:
        return "less than 1%"
    return f"{percent(abs(more))} {'slower' if more > 0 else 'faster'}"


def confidence(value: float) -> str:
    """``0.95`` → ``high, 95%``."""
    grades = ((0.9, "high"), (0.7, "moderate"), (0.5, "low"))
    word = next((word for least, word in grades if value >= least), "very low")
    return f"{word}, {percent(value)}"


def counted(count: float, what: str, plural: str = "s") -> str:
    """``2500, "call"`` → ``2,500 calls``; half a CPU is ``0.5 CPUs``."""
    shown = f"{int(count):,}" if count == int(count) else f"{count:g}"
    return f"{shown} {what}{'' if count == 1 else plural}"
