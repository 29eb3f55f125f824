"""Statistics of a few repeated rounds: medians, ratios of medians, and their intervals.

Rounds are few (3 to 10) and their noise is one-sided and heavy-tailed, so the rank-based methods come first;
they ask for a minimum of rounds, below which intervals come from Student's t on the logarithms (noise acts in
proportion).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist, fmean, median, variance

__all__ = [
    "CONFIDENCE",
    "NORMAL_QUANTILE",
    "Estimate",
    "log_ratio_error",
    "median_interval",
    "normal_cdf",
    "ratio_interval",
    "share_difference",
    "student_cdf",
    "student_density",
    "student_quantile",
]

#: Coverage of every interval. 90% leaves 5% at either end, so that the question asked of a lower bound, "is
#: it really faster?", is answered at the customary 5%; it is also the most that three rounds against three
#: can carry.
CONFIDENCE = 0.90
_TAIL = (1 - CONFIDENCE) / 2
#: The 95th percentile of Student's t for 1 to 10 degrees of freedom (any table, e.g. NIST/SEMATECH e-Handbook
#: 1.3.6.7.2).
_T_95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812)
_NORMAL = NormalDist()
#: From so many values on both sides together the ranks are approximated: counting their orders would take long.
_MANY = 40
#: The standard normal quantile at the upper end of `CONFIDENCE`.
NORMAL_QUANTILE = _NORMAL.inv_cdf(1 - _TAIL)


@dataclass(frozen=True)
class Estimate:
    """A value and its interval; the bounds are None when one value leaves nothing to judge the noise by."""

    value: float
    low: float | None = None
    high: float | None = None


def normal_cdf(z: float) -> float:
    """The standard normal distribution function."""
    return _NORMAL.cdf(z)


def median_interval(values: Sequence[float]) -> Estimate:
    """The median of positive ``values`` and its interval.

    Order statistics where they reach `CONFIDENCE` (five values and more): the k-th smallest and largest
    value, k the greatest that keeps the coverage 1 − 2 P(Binomial(n, ½) < k) (Conover, Practical
    Nonparametric Statistics, 3.2). Student's t on the logarithms for two to four. No interval for one.

    :raises ValueError: without values, or when one is not positive
    """
    _require_positive(values)
    middle = median(values)
    if len(values) < 2:
        return Estimate(middle)
    rank = _median_rank(len(values))
    if rank:
        ordered = sorted(values)
        return Estimate(middle, ordered[rank - 1], ordered[-rank])
    logs = [math.log(value) for value in values]
    half = student_quantile(len(logs) - 1) * math.sqrt(variance(logs) / len(logs))
    return _holding(middle, math.exp(fmean(logs) - half), math.exp(fmean(logs) + half))


def ratio_interval(values: Sequence[float], baseline: Sequence[float]) -> Estimate:
    """How many times the median of ``values`` is that of ``baseline``, both positive and unpaired, with its
    interval.

    Where the ranks reach `CONFIDENCE` (three against three and more): the k-th smallest and largest of all
    ratios of a value to a baseline value, k from the null distribution of the Mann-Whitney statistic (Moses'
    interval; Hollander, Wolfe & Chicken, Nonparametric Statistical Methods, 4.3). Fewer: Welch's t on the
    logarithms (Welch 1947). When either side has one value there is no interval.

    :raises ValueError: when a side has no values, or one that is not positive
    """
    _require_positive(values)
    _require_positive(baseline)
    middle = median(values) / median(baseline)
    error = log_ratio_error(values, baseline)
    if error is None:
        return Estimate(middle)
    rank = _ratio_rank(len(values), len(baseline))
    if rank:
        ratios = sorted(value / base for value in values for base in baseline)
        return _holding(middle, ratios[rank - 1], ratios[-rank])
    half = student_quantile(_welch_freedom(values, baseline)) * error
    centre = _mean_log(values) - _mean_log(baseline)
    return _holding(middle, math.exp(centre - half), math.exp(centre + half))


def share_difference(
    new: float, new_samples: int, old: float, old_samples: int, *, quantile: float | None = None
) -> Estimate:
    """By how much one share of so many samples exceeds another, with its interval: that of two binomial proportions
    (Agresti & Caffo 2000: one success and one failure are added to each, so that shares of 0 and 1 have a width too).

    :param quantile: the standard normal quantile at its upper end, where it is not that of `CONFIDENCE`
    """
    sizes = (new_samples + 2, old_samples + 2)
    p, q = (new * new_samples + 1) / sizes[0], (old * old_samples + 1) / sizes[1]
    half = (quantile or NORMAL_QUANTILE) * math.sqrt(p * (1 - p) / sizes[0] + q * (1 - q) / sizes[1])
    return _holding(new - old, p - q - half, p - q + half)


def log_ratio_error(values: Sequence[float], baseline: Sequence[float]) -> float | None:
    """The standard error of the logarithm of the ratio of two means; None when either side has fewer than two
    values."""
    if len(values) < 2 or len(baseline) < 2:
        return None
    return math.sqrt(_log_error_squared(values) + _log_error_squared(baseline))


def _require_positive(values: Sequence[float]) -> None:
    if not values or min(values) <= 0:
        raise ValueError(f"statistics of rounds need positive values, got {list(values)}")


def _holding(value: float, low: float, high: float) -> Estimate:
    """An interval that holds its value: the median may lie outside an interval centred on a mean."""
    return Estimate(value, min(low, value), max(high, value))


def _mean_log(values: Sequence[float]) -> float:
    return fmean(math.log(value) for value in values)


def _log_error_squared(values: Sequence[float]) -> float:
    return variance([math.log(value) for value in values]) / len(values)


def _welch_freedom(values: Sequence[float], baseline: Sequence[float]) -> float:
    """Degrees of freedom by Welch-Satterthwaite."""
    a, b = _log_error_squared(values), _log_error_squared(baseline)
    if a + b == 0:
        return float(len(values) + len(baseline) - 2)
    return (a + b) ** 2 / (a**2 / (len(values) - 1) + b**2 / (len(baseline) - 1))


def student_cdf(t: float, freedom: float) -> float:
    """The distribution function of Student's t; degrees of freedom are rounded down, and many are infinitely many.

    By the finite series in the angle whose tangent is t ÷ √ν (Abramowitz & Stegun 26.7.3 and 26.7.4).
    """
    degrees = max(1, math.floor(freedom + 1e-9))
    if degrees > _MANY:
        return _NORMAL.cdf(t)
    angle = math.atan2(t, math.sqrt(degrees))
    cosine = math.cos(angle)
    term = total = cosine if degrees % 2 else 1.0
    for k in range(2 + degrees % 2, degrees, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    if degrees % 2 == 0:
        return 0.5 + math.sin(angle) * total / 2
    return 0.5 + (angle + (math.sin(angle) * total if degrees > 1 else 0.0)) / math.pi


def student_density(t: float, freedom: float) -> float:
    """The density of Student's t."""
    log = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return math.exp(log - (freedom + 1) / 2 * math.log1p(t * t / freedom))


def student_quantile(freedom: float) -> float:
    """The quantile of Student's t at the upper end of `CONFIDENCE`; degrees of freedom are rounded down.

    Above ten degrees by expansion in the normal quantile (Abramowitz & Stegun 26.7.5, three terms).
    """
    degrees = math.floor(freedom + 1e-9)
    if degrees <= len(_T_95):
        return _T_95[max(degrees, 1) - 1]
    z = NORMAL_QUANTILE
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / degrees + second / degrees**2


def _median_rank(count: int) -> int:
    """The greatest k for which P(Binomial(count, ½) < k) stays within one tail; 0 when there is none."""
    rank, below = 0, 0.0
    while (below := below + math.comb(count, rank) / 2**count) <= _TAIL:
        rank += 1
    return rank


def _ratio_rank(first: int, second: int) -> int:
    """The greatest k for which P(Mann-Whitney U < k) stays within one tail; 0 when there is none.

    Of many values by the normal approximation (Hollander, Wolfe & Chicken 4.3, the remark on large samples).
    """
    if first + second > _MANY:
        deviation = math.sqrt(first * second * (first + second + 1) / 12)
        return max(0, round(first * second / 2 - NORMAL_QUANTILE * deviation))
    orders = math.comb(first + second, first)
    rank, below = 0, 0.0
    while (below := below + _mann_whitney(rank, first, second) / orders) <= _TAIL + 1e-12:
        rank += 1
    return rank


@cache
def _mann_whitney(u: int, first: int, second: int) -> int:
    """In how many orders of two samples the statistic U is ``u`` (Mann & Whitney 1947, their recurrence)."""
    if u < 0:
        return 0
    if first == 0 or second == 0:
        return int(u == 0)
    return _mann_whitney(u - second, first - 1, second) + _mann_whitney(u, first, second - 1)
