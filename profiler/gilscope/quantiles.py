"""Quantiles, by the three definitions that are used here; they differ where there are few values.

`quantile` estimates what a sample was drawn from, and lies between its values. `observed_quantile` is one of the
values, so that a latency that is told is one that some call had. `counted_quantile` is for values that were counted
in bins.
"""

from __future__ import annotations

from math import floor

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["counted_quantile", "observed_quantile", "quantile"]


def quantile(values: Sequence[float], fraction: float) -> float | None:
    """The value below which ``fraction`` (0 to 1) of what ``values`` were drawn from lies; None without values.

    Linear interpolation between order statistics: Hyndman & Fan (1996), type 7, the default of numpy; at one half the
    median.
    """
    if not values:
        return None
    ordered = sorted(values)
    position = fraction * (len(ordered) - 1)
    below = floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def observed_quantile(ordered: Sequence[T], fraction: float) -> T | None:
    """The one of the sorted values below which ``fraction`` of them lie: the nearest rank; None without values."""
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))] if ordered else None


def counted_quantile(counts: Sequence[tuple[float, int]], fraction: float) -> float | None:
    """The value that ``fraction`` of all do not exceed, given (value, how often it was counted) in ascending order;
    None when nothing was counted."""
    rank = fraction * sum(count for _, count in counts)
    for value, count in counts:
        rank -= count
        if rank <= 0:
            return value
    return counts[-1][0] if counts else None
