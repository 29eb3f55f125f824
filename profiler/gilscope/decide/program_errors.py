"""How exactly the figures of a program are known, as rates: thread-seconds a second. Pure.

Samples tell how a program's time divides, but those of neighbouring moments are alike, and a program does not do the
same all the time. How much its figures vary from one part of the time to the next says how exact their means are
(batch means; Law, Simulation Modeling and Analysis, 9.5.3), and how much less than as many independent samples tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, stdev

from gilscope.decide.shares import Z_95, wilson_interval
from gilscope.decide.stats import NORMAL_QUANTILE, Estimate, student_quantile
from gilscope.records.programs import Period, ProgramRecord

__all__ = ["Known", "batch_error", "dependence", "difference", "over_time", "sampled"]

#: Parts that a program's time is divided into: so few that they are nearly independent, and those at least that say
#: how much they differ.
MOST_BATCHES, LEAST_BATCHES = 10, 4


@dataclass(frozen=True)
class Known:
    """A figure, and its standard errors downwards and upwards; None where these are unknown."""

    value: float
    below: float | None = None
    above: float | None = None
    freedom: float = math.inf
    """Degrees of freedom that the errors are told with."""


def batch_error(values: Sequence[float]) -> tuple[float, int] | None:
    """The standard error of the mean of figures of equally long stretches, and its degrees of freedom; None of too few
    of them."""
    batches = min(MOST_BATCHES, len(values))
    if batches < LEAST_BATCHES:
        return None
    edges = [round(at * len(values) / batches) for at in range(batches + 1)]
    means = [fmean(values[start:end]) for start, end in pairwise(edges)]
    return stdev(means) / math.sqrt(batches), batches - 1


def over_time(value: float | None, periods: Sequence[Period], figure: str) -> Known | None:
    """A figure of the whole time, as exact as that of its stretches says."""
    if value is None:
        return None
    known = [each for period in periods if (each := getattr(period, figure)) is not None]
    error = batch_error(known)
    return Known(value) if error is None else Known(value, error[0], error[0], error[1])


def dependence(record: ProgramRecord) -> float:
    """How many times larger the error of a sampled figure is than that of as many independent looks at threads; 1 where
    that is not told. As told by the GIL: whether it is held, and how many wait for it."""
    moments = record.sampling.moments / max(1, len(record.processes))
    threads = record.account.wall_s / record.watched_s if record.watched_s > 0 else 0.0
    held = [value for period in record.periods if (value := period.gil_held_ratio) is not None]
    waiting = [value for period in record.periods if (value := period.gil_waiting) is not None]
    return max(1.0, _times(held, 1.0, moments), _times(waiting, threads, moments))


def _times(values: Sequence[float], threads: float, moments: float) -> float:
    error, share = batch_error(values), fmean(values) / threads if values and threads > 0 else 0.0
    if error is None or not 0 < share < 1 or moments <= 0:
        return 1.0
    return error[0] / (threads * math.sqrt(share * (1 - share) / (moments * threads)))


def sampled(record: ProgramRecord, seconds: float | None, times: float) -> Known | None:
    """Thread-seconds a second, of so many in all, which samples of all threads divided.

    :param times: `dependence`
    """
    whole_s, samples = record.account.wall_s, record.account.samples
    if seconds is None or record.watched_s <= 0 or whole_s <= 0:
        return None
    share = min(1.0, seconds / whole_s)
    low, high = wilson_interval(share, samples / times**2)
    scale = whole_s / (Z_95 * record.watched_s)
    return Known(seconds / record.watched_s, (share - low) * scale, (high - share) * scale)


def difference(old: Known | None, new: Known | None, quantile: float = NORMAL_QUANTILE) -> Estimate | None:
    """New less old, with its interval (Zou & Donner 2008, Construction of confidence limits about effect measures);
    without bounds where an error is unknown, None where a figure is.

    :param quantile: of the normal distribution, at the interval's upper end
    """
    if old is None or new is None:
        return None
    gap = new.value - old.value
    if old.below is None or old.above is None or new.below is None or new.above is None:
        return Estimate(gap)
    freedom = min(old.freedom, new.freedom)
    reach = quantile if math.isinf(freedom) else quantile * student_quantile(freedom) / NORMAL_QUANTILE
    low, high = math.hypot(new.below, old.above), math.hypot(new.above, old.below)
    return Estimate(gap, gap - reach * low, gap + reach * high)
