"""What differs when nothing differs, and which gaps are ties because of it.

The floor is defined here, and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, variance

from gilscope.records import Noise

__all__ = ["TIE_MARGIN", "Pair", "floor_of", "noise_floor", "spread"]

#: The least gap that is told from a tie: two starts of the same pool differ by as much however quiet the rounds
#: (layout of memory, placement on CPUs).
TIE_MARGIN = 0.05


@dataclass(frozen=True)
class Pair:
    """The rates of one configuration's rounds in two processes."""

    backend: str
    workers: int
    first: Sequence[float]
    second: Sequence[float]

    @property
    def ratio(self) -> float:
        """The second over the first."""
        return median(self.second) / median(self.first)


def floor_of(*noises: Noise | None) -> float:
    """The gap up to which two configurations are a tie, as a fraction of the faster: the greatest of those measured,
    and `TIE_MARGIN` where none is greater or none was."""
    return max([TIE_MARGIN, *(noise.floor for noise in noises if noise)])


def spread(rates: Sequence[Sequence[float]]) -> float | None:
    """The relative standard deviation of the rounds of one configuration, pooled over configurations; None where
    none has two rounds."""
    repeated = [[math.log(rate) for rate in rounds] for rounds in rates if len(rounds) > 1]
    freedom = sum(len(rounds) - 1 for rounds in repeated)
    if not freedom:
        return None
    return math.sqrt(sum(variance(rounds) * (len(rounds) - 1) for rounds in repeated) / freedom)


def noise_floor(pairs: Sequence[Pair], rates: Sequence[Sequence[float]]) -> Noise:
    """The noise from A/A pairs and the ``rates`` of every process; told by the pair of the fastest.

    The floor is the greatest of the pairs' own gaps (their root mean square), the standard error of a ratio of medians
    of so many rounds (1.2533 σ √(1/n + 1/m): the median's asymptotic efficiency is 2/π), and `TIE_MARGIN`. Nothing caps
    it: less than what was measured would be a claim against the evidence.

    :raises statistics.StatisticsError: without pairs, or when one lacks a round
    """
    leader, pooled = max(pairs, key=lambda pair: median(pair.first)), spread(rates)
    gap = math.sqrt(fmean((pair.ratio - 1) ** 2 for pair in pairs))
    error = (pooled or 0.0) * math.sqrt(math.pi / 2 * (1 / len(leader.first) + 1 / len(leader.second)))
    return Noise(
        backend=leader.backend,
        workers=leader.workers,
        ratio=leader.ratio,
        round_spread=pooled,
        floor=max(gap, error, TIE_MARGIN),
        pairs=len(pairs),
    )
