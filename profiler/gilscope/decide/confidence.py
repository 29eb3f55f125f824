"""How sure a comparison of configurations is: of all of them at once, by their rounds and by their processes.

The logarithm of a configuration's rate in a round is taken as its mean, plus what its process is off by (where memory
and threads came to lie, which CPU it got), plus the round's own noise. Rounds are few and processes fewer, so the
variance of either is moderated: each is shrunk towards what all configurations of the analysis show together, and that
towards what earlier analyses showed (moderated t: Smyth 2004, Statistical Applications in Genetics 3:3). What is known
of a mean is then a Student t distribution, and the chance that a choice is good is an integral over all of them: the
probability of good selection with an indifference zone (Branke, Chick & Schmidt, Management Science 53:1916, 2007).

``python -m benchmarks.calibration`` shows that verdicts hold as often as is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, median, variance

from gilscope.decide.noise import TIE_MARGIN
from gilscope.decide.stats import Estimate, student_cdf, student_density, student_quantile

__all__ = [
    "NEGLIGIBLE_LOSS",
    "Processes",
    "Standing",
    "confidence",
    "expected_loss",
    "looks",
    "ratio",
    "standings",
    "tied",
    "within_floor",
]

#: The rates of one configuration's rounds, those of each of its processes in turn.
Processes = Sequence[Sequence[float]]

#: The relative standard deviation of a round, and of what one process differs from the next by, before anything was
#: measured: of the 536 processes of 262 configurations in ``benchmarks/regret`` the median is 5%, and the processes of
#: one configuration differ by 3% (root mean square, the rounds' own noise taken off).
ROUND_SPREAD, PROCESS_SPREAD = 0.05, 0.03
#: How many degrees of freedom that is worth. Of rounds: so much as the variances of the configurations of one function
#: differ there beyond what so few rounds explain (Smyth's d₀).
ROUND_FREEDOM, PROCESS_FREEDOM = 3.0, 4.0
#: The variance of a median over that of a mean, for many values of normal noise; fewer are better off.
MEDIAN_VARIANCE = math.pi / 2
#: Rounds of a process before anybody asks whether they are enough.
FIRST_LOOK = 3
#: The logarithm of the number of looks times this is added to the variance, in units of it: asking after each round
#: whether it is clear by now finds an accident more often than asking once. By simulation of that rule
#: (``benchmarks.calibration``), so that verdicts hold as often as is said. Pocock's constants for repeated looks
#: (Biometrika 64:191, 1977), which know of no likelier truths, would be 0.4.
LOOKS_WEIGHT = 0.15
#: A gap larger than this is in doubt when the intervals do not tell two configurations apart, not absent: the faster is
#: recommended, and the confidence is less.
DOUBTFUL = 0.10
#: What is believed of a bound that follows from the ledger of the solo run, whatever rounds say: that ledger has errors
#: of its own.
BOUND_TRUST = 0.9
#: The confidence where there is nothing to compare with.
ALONE = 0.5
#: The most that is claimed while the interval of the gain contains 1: a gain that may be none is not sure.
NO_SURE_GAIN = 0.89
#: How many times as likely two configurations are to be equals (within 5% of each other) as to differ by any one ratio
#: beyond: what limits one often limits the next. In ``benchmarks/regret`` a fifth of all cells are within 5% of the
#: best of their function and a tenth within another 14%, which is 5 times as many for each percent.
EQUALS_LIKELIER = 5.0
_EQUAL = math.log1p(TIE_MARGIN)
#: What is not worth another round: `expected_loss` of so much. By simulation (``benchmarks.calibration``), to race on
#: until it is 95% sure takes twice as many rounds in one analysis of ten, and what is recommended then is no faster.
NEGLIGIBLE_LOSS = 0.015
#: Points of the integral over what the chosen one may be.
_NODES = 64
#: The fewest degrees of freedom with which Student's t has a mean.
_LEAST_MEAN = 2


@dataclass(frozen=True)
class Standing:
    """What is known of the mean logarithm of a configuration's rate: Student's t, moved and scaled."""

    centre: float
    scale: float
    """Its standard error."""
    freedom: float
    rounds: int
    passes: int
    """Rounds of the process that had the most: after each of them it may have been asked whether they are enough."""
    middle: float
    """The median rate of all its rounds, in calls per second: what tables show."""

    @property
    def rate(self) -> float:
        """Calls per second, each process weighing by what is known of it."""
        return math.exp(self.centre)


def standings(raced: Sequence[Processes]) -> list[Standing]:
    """What is known of each configuration, from the positive rates of the rounds of all of them.

    :raises ValueError: when one has no round
    """
    logs = [[[math.log(rate) for rate in rounds] for rounds in processes if rounds] for processes in raced]
    if not all(logs):
        raise ValueError("a configuration without rounds has no standing")
    common, freedom = _shrunk([(ROUND_SPREAD**2, ROUND_FREEDOM), *(_within(each) for each in logs)])
    spreads = [_shrunk([(common, min(freedom, ROUND_FREEDOM)), _within(each)]) for each in logs]
    between = [_between(each, spread) for each, (spread, _) in zip(logs, spreads, strict=True)]
    apart = _shrunk([(PROCESS_SPREAD**2, PROCESS_FREEDOM), *between])
    return [_standing(each, spread, apart) for each, spread in zip(logs, spreads, strict=True)]


_Variance = tuple[float, float]
"""And its degrees of freedom."""


def _shrunk(known: Sequence[_Variance]) -> _Variance:
    freedom = sum(degrees for _, degrees in known)
    return sum(spread * degrees for spread, degrees in known) / freedom, freedom


def _within(processes: Sequence[Sequence[float]]) -> _Variance:
    """Of rounds around their own process."""
    repeated = [rounds for rounds in processes if len(rounds) > 1]
    freedom = sum(len(rounds) - 1 for rounds in repeated)
    squares = sum(variance(rounds) * (len(rounds) - 1) for rounds in repeated)
    return (squares / freedom, float(freedom)) if freedom else (0.0, 0.0)


def _between(processes: Sequence[Sequence[float]], spread: float) -> _Variance:
    """Of processes around each other, without what their rounds' noise makes them differ by."""
    if len(processes) < 2:
        return 0.0, 0.0
    own = fmean(_error(rounds, spread) for rounds in processes)
    return max(variance([median(rounds) for rounds in processes]) - own, 0.0), len(processes) - 1.0


def _error(rounds: Sequence[float], spread: float) -> float:
    """The variance of their median."""
    return spread * (MEDIAN_VARIANCE if len(rounds) > 2 else 1.0) / len(rounds)


def _standing(processes: Sequence[Sequence[float]], spread: _Variance, apart: _Variance) -> Standing:
    """Processes weigh by what is known of each (the random-effects mean: DerSimonian & Laird 1986); degrees of freedom
    by Welch and Satterthwaite."""
    weights = [1 / (apart[0] + _error(rounds, spread[0])) for rounds in processes]
    centre = sum(w * median(rounds) for w, rounds in zip(weights, processes, strict=True)) / sum(weights)
    whole = 1 / sum(weights)
    own = min(apart[0] / len(processes), whole)
    freedom = whole**2 / (own**2 / apart[1] + (whole - own) ** 2 / spread[1])
    rates = [log for rounds in processes for log in rounds]
    return Standing(centre, math.sqrt(whole), freedom, len(rates), max(map(len, processes)), math.exp(median(rates)))


def ratio(first: Standing, second: Standing) -> Estimate:
    """How many times the median rate of the second, with its interval (Welch's t); without one where either had one
    round."""
    value, centre = first.middle / second.middle, first.centre - second.centre
    if min(first.rounds, second.rounds) < 2:
        return Estimate(value)
    half = _half_width(first, second)
    return Estimate(value, min(math.exp(centre - half), value), max(math.exp(centre + half), value))


def _half_width(first: Standing, second: Standing) -> float:
    return student_quantile(_welch_freedom(first, second)) * math.hypot(first.scale, second.scale)


def _welch_freedom(first: Standing, second: Standing) -> float:
    a, b = first.scale**2, second.scale**2
    return (a + b) ** 2 / (a**2 / first.freedom + b**2 / second.freedom)


def tied(best: Standing, other: Standing, floor: float) -> bool:
    """Whether the gap is within the floor, or the interval of their ratio does not tell them apart.

    One that is larger than `DOUBTFUL` is no tie all the same: what rounds do not show may yet be.
    """
    gap = best.centre - other.centre
    return gap < math.log1p(floor) or gap <= min(_half_width(best, other), math.log1p(DOUBTFUL))


def looks(passes: int) -> int:
    """How often it was asked by now whether so many passes over the contenders are enough."""
    return max(1, passes - FIRST_LOOK + 1)


def _stopping_factor(times_looked: int) -> float:
    """How many times as wide what is known gets for having been looked at so often."""
    return math.sqrt(1 + LOOKS_WEIGHT * math.log(times_looked))


def within_floor(chosen: Standing, others: Sequence[Standing], floor: float, times_looked: int = 1) -> float:
    """The probability that no other is faster than the chosen one by more than ``floor``, each independent of the rest.

    ∫ f(x) ∏ N(x) dx ÷ ∫ f(x) ∏ D(x) dx over what the chosen one may be, with D the weight of all that another may be
    beside it, equals weighing `EQUALS_LIKELIER`, and N the part of it that is not faster by more.
    """
    widened, margin = _stopping_factor(times_looked), math.log1p(floor)
    holding = everything = 0.0
    for node, weight in _nodes(max(1, math.floor(chosen.freedom))):
        x, good, whole = chosen.centre + chosen.scale * widened * node, weight, weight
        for other in others:
            below, equal, above = _parts(other, x, margin, widened)
            good *= below + equal
            whole *= below + equal + above
        holding += good
        everything += whole
    return min(holding / everything, 1.0)


def _parts(other: Standing, x: float, margin: float, widened: float) -> tuple[float, float, float]:
    """What is known of another beside one that is at x, in weights: slower or not much faster, much the same, faster
    by more than the margin."""
    scale = other.scale * widened
    low, high, limit = (
        student_cdf((x + step - other.centre) / scale, other.freedom) for step in (-_EQUAL, _EQUAL, margin)
    )
    return limit - (high - low), EQUALS_LIKELIER * (high - low), 1 - limit


def expected_loss(chosen: Standing, others: Sequence[Standing], floor: float, times_looked: int = 1) -> float:
    """What may be lost by going on no longer, as a part of the throughput: by how much the others are expected to be
    faster than the chosen one beyond ``floor``, added up, which is an upper bound (the expected opportunity cost of
    Branke, Chick & Schmidt, as above).

    Of Student's t with ν degrees of freedom, E max(T − z, 0) = (ν + z²) ÷ (ν − 1) f(z) − z (1 − F(z)).
    """
    return math.fsum(_loss(chosen, other, math.log1p(floor), _stopping_factor(times_looked)) for other in others)


def _loss(chosen: Standing, other: Standing, margin: float, widened: float) -> float:
    freedom = max(_LEAST_MEAN, math.floor(_welch_freedom(chosen, other)))
    scale = math.hypot(chosen.scale, other.scale) * widened
    z = (chosen.centre + margin - other.centre) / scale
    tail = (freedom + z * z) / (freedom - 1) * student_density(z, freedom) - z * (1 - student_cdf(z, freedom))
    return scale * max(tail, 0.0)


def confidence(
    chosen: Standing, others: Sequence[Standing], floor: float, ruled_out: Sequence[Standing], gain: Estimate | None
) -> float:
    """How sure a recommendation is: `within_floor`, less where it is not so simple.

    :param ruled_out: those that cannot be faster by their bounds, whatever their rounds
    :param gain: over the serial run; None where there was none
    """
    if not others and not ruled_out:
        return ALONE
    times_looked = looks(chosen.passes)
    sure = within_floor(chosen, others, floor, times_looked)
    for other in ruled_out:
        sure *= BOUND_TRUST + (1 - BOUND_TRUST) * within_floor(chosen, [other], floor, times_looked)
    return sure if gain is None or _is_gain(gain) else min(sure, NO_SURE_GAIN)


def _is_gain(gain: Estimate) -> bool:
    """Of the serial run itself there is none to doubt."""
    return gain == Estimate(1.0, 1.0, 1.0) or (gain.low is not None and not gain.low <= 1 <= (gain.high or math.inf))


@cache
def _nodes(freedom: int) -> tuple[tuple[float, float], ...]:
    """Points of Student's t with their weights: with t = √ν tan θ its density is proportional to cos^(ν−1) θ, smooth on
    a finite interval."""
    angles = [math.pi * ((step + 0.5) / _NODES - 0.5) for step in range(_NODES)]
    weights = [math.cos(angle) ** (freedom - 1) for angle in angles]
    return tuple(
        (math.sqrt(freedom) * math.tan(angle), weight / sum(weights))
        for angle, weight in zip(angles, weights, strict=True)
    )
