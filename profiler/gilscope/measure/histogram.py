"""How long calls took, counted in bins that are the same in every round, so that rounds add up.

Twenty bins to the decade, each an eighth wider than the one before: from 100 ns to 11 days the edges are ISO 3's
preferred numbers of the series R 20, and the first bin is what is shorter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from gilscope.quantiles import counted_quantile
from gilscope.records import Histogram

__all__ = ["EDGES_NS", "counted", "histogram", "mean_s", "quantile_s"]

_R20: Final = (100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900)
EDGES_NS: Final = (0, *(number * 10**decade for decade in range(13) for number in _R20), 10**15)


def counted(latencies_ns: Iterable[int]) -> dict[int, int]:
    """How many there are in each bin, by its number; bins without any are left out."""
    last = len(EDGES_NS) - 2
    return dict(Counter(min(last, bisect_right(EDGES_NS, latency) - 1) for latency in latencies_ns))


def histogram(rounds: Iterable[Mapping[int, int]]) -> Histogram | None:
    """The counts of all rounds together, from the first bin with any to the last; None where nothing was counted."""
    whole: Counter[int] = Counter()
    for counts in rounds:
        whole.update(counts)
    if not whole:
        return None
    first, last = min(whole), max(whole)
    return Histogram(
        edges_s=tuple(edge / 1e9 for edge in EDGES_NS[first : last + 2]),
        counts=tuple(whole[number] for number in range(first, last + 1)),
    )


def quantile_s(counted: Histogram, fraction: float) -> float | None:
    """The seconds that ``fraction`` of the calls do not exceed, to a twentieth: the (geometric) middle of their bin."""
    bins = zip(counted.edges_s, counted.edges_s[1:], counted.counts, strict=False)
    return counted_quantile([((low * high) ** 0.5 or high / 2, count) for low, high, count in bins], fraction)


def mean_s(counts: Mapping[int, int]) -> float | None:
    """Of what was `counted`, to a twentieth: each as long as the middle of its bin. None where nothing was."""
    calls = sum(counts.values())
    total_ns = sum((EDGES_NS[number] + EDGES_NS[number + 1]) / 2 * count for number, count in counts.items())
    return total_ns / calls / 1e9 if calls else None
