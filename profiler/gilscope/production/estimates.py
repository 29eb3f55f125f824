"""From the calls that were measured to all calls.

Few calls have all their clocks read, more have their wall clock read, and all are counted. So a part of the wall clock
(the CPU time, the run queue) is estimated by its mean over the calls in which it was read, corrected by how much longer
the timed calls were than those: the regression estimator for two phases of sampling (Cochran 1977, Sampling Techniques,
§7.1 and §12.6). What goes with the length of a call grows with the correction; what does not, as the CPU of calls that
a busy machine makes longer, stays what it was. The parts of a wall clock so estimated add up to it.

A line through calls that were all about as long says nothing of calls that were much longer: where the clocked calls
are none that chance would choose of all, their mean stands, and what is left of the wall clock was no CPU.
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Part", "Sample", "line_tells", "mean_error_s", "mean_s", "slope"]

#: Calls from which a line through them says something of how far they lie off it: it takes two for itself.
LEAST_FOR_ERROR = 3
#: Standard errors of the mean of the clocked calls, within which that of all calls is to be expected.
FARTHEST = 4.0


class Sample(NamedTuple):
    """Calls that were measured. Sums are weighted by how many calls each stands for."""

    calls: int
    weight: float
    excess: float
    """Σ w (w − 1): of equal calls, the variance of what is estimated for all; 0 where each stands for itself."""
    wall_s: float
    wall_wall_s2: float
    """Σ w wall²."""

    @property
    def spread_s2(self) -> float:
        """The variance of the wall clocks."""
        return _covariance(self, self.wall_s, self.wall_s, self.wall_wall_s2)

    def variance_factor(self, of: int) -> float:
        """The variance of a mean over ``of`` calls, as a multiple of that of a call: at least that of a sample drawn
        without replacement (Cochran §2.6), more where some calls stand for many (Särndal, Swensson and Wretman 1992,
        Model Assisted Survey Sampling, §3.2)."""
        return max(self.excess / self.weight**2, (1 - self.calls / max(of, 1)) / self.calls, 0.0)


class Part(NamedTuple):
    """A part of the measured calls' wall clocks."""

    s: float
    wall_s2: float
    """Σ w part · wall."""


def slope(sample: Sample, part: Part) -> float:
    """How much of what one call is longer than another is this part, by least squares; within 0 and 1."""
    spread_s2 = sample.spread_s2
    if spread_s2 <= 0:
        return 0.0
    return min(max(_covariance(sample, sample.wall_s, part.s, part.wall_s2) / spread_s2, 0.0), 1.0)


def line_tells(sample: Sample, wall_s: float, of: int) -> bool:
    """Whether the correction may be made: not where all calls are so much longer in the mean than the clocked ones that
    chance hardly makes a sample of them so. Then these lack a kind of calls, of which a line through them says nothing.

    :param wall_s: the mean wall clock of all calls
    :param of: how many calls there were
    """
    longer_s = wall_s - sample.wall_s / sample.weight
    return longer_s**2 <= FARTHEST**2 * sample.spread_s2 * sample.variance_factor(of)


def mean_s(sample: Sample, part: Part, wall_s: float) -> float:
    """The part in the mean of all calls, whose wall clock is ``wall_s`` in the mean."""
    longer_s = wall_s - sample.wall_s / sample.weight
    return min(max(part.s / sample.weight + slope(sample, part) * longer_s, 0.0), wall_s)


def mean_error_s(sample: Sample, part: Part, part_part_s2: float, wall_error_s: float, of: int) -> float | None:
    """The standard error of `mean_s`: that of the distances from the line, and that of the mean wall clock; None where
    too few calls were measured to tell.

    :param part_part_s2: Σ w part²
    :param wall_error_s: the standard error of the mean wall clock
    :param of: how many calls there were
    """
    factor, line = sample.variance_factor(of), slope(sample, part)
    if factor > 0 and sample.calls < LEAST_FOR_ERROR:
        return None
    both = _covariance(sample, sample.wall_s, part.s, part.wall_s2)
    off_s2 = _covariance(sample, part.s, part.s, part_part_s2) - 2 * line * both + line**2 * sample.spread_s2
    freedom = sample.calls / max(sample.calls - 2, 1)
    return math.sqrt(max(off_s2, 0.0) * freedom * factor + (line * wall_error_s) ** 2)


def _covariance(sample: Sample, first: float, second: float, product: float) -> float:
    """From sums over the sample; the difference of two large figures, which rounding may make negative."""
    found = product / sample.weight - first * second / sample.weight**2
    return found if abs(found) > 1e-12 * product / sample.weight else 0.0
