"""What the model itself is off by, learned from the configurations that it was held against.

What limits one configuration and is not in the model (a server that answers so many at a time, a lock, memory that all
share) limits the next one, the more so the more alike they are. The error of a prediction is therefore expected to be
the mean of the errors seen, each weighed by its likeness (kernel regression: Nadaraya 1964, Watson 1964), and in doubt
by how much those differ from each other and how unlike they are.

The figures below are fitted to the pairs of prediction and measurement in ``benchmarks/regret``, each predicted from
the others of its function; ``python -m benchmarks.predictions`` tells what comes of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from gilscope.decide.traits import Shape
from gilscope.records import Prediction

__all__ = ["Learned", "Seen", "corrected", "learned"]

#: The likeness of configurations falls to 1/e when one has so many times the workers (its logarithm), and from shape to
#: shape to this part.
WORKERS_SCALE, OTHER_SHAPE = 0.4, 0.2
#: What the model is expected to be off by before anything was measured (it leaves out what slows things down), and what
#: that counts for beside the errors seen.
USUAL, USUAL_WEIGHT = -0.03, 0.05
#: The parts of the half width of an interval that holds 80% of measurements: what is left however much was seen, what
#: the errors seen differ by (times this), and what grows as less that is alike was seen (its square, by weight).
LEAST, BY_SPREAD, BY_WEIGHT = 0.13, 1.2, 0.02


@dataclass(frozen=True)
class Seen:
    """What the model was off by in a configuration that was measured."""

    shape: Shape
    workers: int
    error: float
    """The logarithm of measured over predicted."""


@dataclass(frozen=True)
class Learned:
    """What it is expected to be off by in another one."""

    shift: float
    """The logarithm of the expected over the predicted."""
    half_width: float
    """Of the interval around it that holds the measurement in 80% of cases, as a logarithm."""


def learned(seen: Iterable[Seen], shape: Shape, workers: int) -> Learned:
    """The error to expect of so many workers of this shape."""
    weighed = [(USUAL_WEIGHT, USUAL), *((_likeness(each, shape, workers), each.error) for each in seen)]
    weight = sum(part for part, _ in weighed)
    shift = sum(part * error for part, error in weighed) / weight
    spread = sum(part * (error - shift) ** 2 for part, error in weighed) / weight
    return Learned(shift, math.sqrt(LEAST**2 + BY_SPREAD**2 * spread + BY_WEIGHT / weight))


def _likeness(each: Seen, shape: Shape, workers: int) -> float:
    alike = math.exp(-abs(math.log(each.workers / workers)) / WORKERS_SCALE)
    return alike if each.shape == shape else OTHER_SHAPE * alike


def corrected(expected: Prediction, by: Learned) -> Prediction:
    """With the model's own error: the doubts that it had already are independent of it."""
    plain = expected.throughput_per_s
    per_s = plain * math.exp(by.shift)
    below = math.hypot(by.half_width, math.log(plain / (expected.throughput_low or plain)))
    above = math.hypot(by.half_width, math.log((expected.throughput_high or plain) / plain))
    return msgspec.structs.replace(
        expected,
        throughput_per_s=per_s,
        throughput_low=per_s * math.exp(-below),
        throughput_high=per_s * math.exp(above),
    )
