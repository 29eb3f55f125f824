"""What differs when nothing differs, and which gaps are ties because of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median, variance

from gilscope.records import Noise

__all__ = ["MOST_FLOOR", "TIE_MARGIN", "noise_floor", "spread"]

#: The least gap that is told from a tie: two starts of the same pool differ by as much however quiet the rounds
#: (layout of memory, placement on CPUs).
TIE_MARGIN = 0.05
#: The most that is called a tie: on a machine that is noisier than this, a gap is doubtful, not absent.
MOST_FLOOR = 0.10


def spread(rates: Sequence[Sequence[float]]) -> float | None:
    """The relative standard deviation of the rounds of one configuration, pooled over configurations; None where
    none has two rounds."""
    repeated = [[math.log(rate) for rate in rounds] for rounds in rates if len(rounds) > 1]
    freedom = sum(len(rounds) - 1 for rounds in repeated)
    if not freedom:
        return None
    return math.sqrt(sum(variance(rounds) * (len(rounds) - 1) for rounds in repeated) / freedom)


def noise_floor(
    backend: str, workers: int, first: Sequence[float], second: Sequence[float], rates: Sequence[Sequence[float]]
) -> Noise:
    """The noise from an A/A pair: rounds of one configuration in two processes, and the ``rates`` of every other.

    The floor is the greatest of the pair's own gap, the standard error of a ratio of medians of so many rounds
    (1.2533 σ √(1/n + 1/m): the median's asymptotic efficiency is 2/π), and `TIE_MARGIN`; `MOST_FLOOR` at most.

    :raises statistics.StatisticsError: when either has no round
    """
    ratio = median(second) / median(first)
    pooled = spread([*rates, second])
    error = (pooled or 0.0) * math.sqrt(math.pi / 2 * (1 / len(first) + 1 / len(second)))
    floor = min(max(abs(ratio - 1), error, TIE_MARGIN), MOST_FLOOR)
    return Noise(backend=backend, workers=workers, ratio=ratio, round_spread=pooled, floor=floor)
