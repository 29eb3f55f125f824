"""Figures in words, for the reasons that decisions carry."""

from __future__ import annotations

__all__ = ["counted", "rate", "size", "time", "times"]


#: Each from so many seconds on.
_UNITS = (
    ("days", 172_800.0, 86_400.0),
    ("h", 7_200.0, 3_600.0),
    ("min", 120.0, 60.0),
    ("s", 1.0, 1.0),
    ("ms", 1e-3, 1e-3),
)


def time(seconds: float) -> str:
    """``0.0123`` → ``12.3 ms``."""
    for unit, least, scale in _UNITS:
        if seconds >= least:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def rate(per_s: float) -> str:
    """``187_654.3`` → ``188,000/s``."""
    return f"{float(f'{per_s:.3g}'):,.10g}/s"


def counted(number: int, what: str, plural: str = "s") -> str:
    """``2_500, "call"`` → ``2,500 calls``."""
    return f"{number:,} {what}{'' if number == 1 else plural}"


def size(count: int) -> str:
    """``2_500_000`` → ``2.5 MB`` (decimal units)."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count} bytes"


def times(value: float, low: float | None = None, high: float | None = None) -> str:
    """``1.93× (1.85 to 2.01)``; the interval is left out when unknown."""
    interval = "" if low is None or high is None else f" ({low:.2f} to {high:.2f})"
    return f"{value:.2f}×{interval}"
