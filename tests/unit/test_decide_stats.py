from __future__ import annotations

import math
import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.stats import (
    _MANY,
    CONFIDENCE,
    Estimate,
    _ratio_rank,
    log_ratio_error,
    median_interval,
    ratio_interval,
    share_difference,
    student_quantile,
)

rates = st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=10)


def test_one_round_has_no_interval() -> None:
    assert median_interval([3.0]).low is None
    assert ratio_interval([3.0], [1.0, 2.0]).high is None
    assert log_ratio_error([3.0], [1.0, 2.0]) is None


def test_values_that_are_not_positive_are_refused() -> None:
    for bad in ([], [1.0, 0.0], [-1.0]):
        with pytest.raises(ValueError, match="positive"):
            median_interval(bad)


def test_five_rounds_use_their_extremes_and_eight_the_second_ones() -> None:
    """P(Binomial(5, ½) < 1) = 1/32 and P(Binomial(8, ½) < 2) = 9/256 stay within 5 %."""
    assert (median_interval([5, 1, 3, 2, 4]).low, median_interval([5, 1, 3, 2, 4]).high) == (1, 5)
    eight = median_interval([1, 2, 3, 4, 5, 6, 7, 8])
    assert (eight.low, eight.high) == (2, 7)


def test_three_rounds_against_three_use_the_extreme_ratios() -> None:
    """P(U < 1) = 1/20 is within 5 % at three against three; a hiccup in one round moves one end only."""
    ratio = ratio_interval([100, 98, 50], [20, 21, 20])
    assert ratio.value == pytest.approx(98 / 20)
    assert ratio.low == pytest.approx(50 / 21)
    assert ratio.high == pytest.approx(100 / 20)


def test_two_rounds_against_two_fall_back_to_welch() -> None:
    ratio = ratio_interval([100, 102], [50, 51])
    assert ratio.low is not None
    assert ratio.low < 100 / 51 < 102 / 50 < (ratio.high or 0)


def teststudent_quantile_matches_the_tables() -> None:
    assert student_quantile(2.9) == 2.920  # rounded down: the wider interval
    assert student_quantile(11) == pytest.approx(1.796, abs=0.001)
    assert student_quantile(30) == pytest.approx(1.697, abs=0.001)


@given(rates)
def test_an_interval_holds_its_median(values: list[float]) -> None:
    estimate = median_interval(values)
    assert estimate.value == median(values)
    if estimate.low is not None and estimate.high is not None:
        assert estimate.low <= estimate.value <= estimate.high


@given(rates, rates, st.floats(0.1, 10))
def test_ratios_scale_and_invert(values: list[float], baseline: list[float], factor: float) -> None:
    ratio = ratio_interval(values, baseline)
    scaled = ratio_interval([factor * value for value in values], baseline)
    inverse = ratio_interval(baseline, values)
    assert scaled.value == pytest.approx(factor * ratio.value)
    assert inverse.value == pytest.approx(1 / ratio.value)
    if ratio.low is not None and inverse.high is not None:
        assert ratio.low <= ratio.value * (1 + 1e-12)
        assert inverse.high == pytest.approx(1 / ratio.low)


@pytest.mark.parametrize("rounds", [3, 4, 5, 8])
def test_intervals_cover_the_truth_as_often_as_they_say(rounds: int) -> None:
    """Repeated draws with noise of a tenth; 600 of them leave a binomial σ of 1.2 points."""
    draw = random.Random(rounds)
    hits = 0
    for _ in range(600):
        fast = [2 * draw.lognormvariate(0, 0.1) for _ in range(rounds)]
        slow = [draw.lognormvariate(0, 0.1) for _ in range(rounds)]
        ratio = ratio_interval(fast, slow)
        hits += (ratio.low or 0) <= 2 <= (ratio.high or 0)
    assert hits / 600 >= CONFIDENCE - 0.05


def test_many_rounds_go_on_where_counting_orders_ends() -> None:
    """The approximation is within one rank of the exact count, and takes no time for any number of rounds."""
    exact = [_ratio_rank(_MANY // 2, _MANY // 2 - less) for less in (1, 0)]
    approximated = _ratio_rank(_MANY // 2, _MANY // 2 + 1)
    assert abs(approximated - exact[1] - (exact[1] - exact[0])) <= 1
    assert _ratio_rank(10_000, 10_000) < 10_000**2 / 2


shares, samples = st.floats(0, 1), st.integers(1, 1000)


@given(shares, samples, shares, samples)
def test_the_difference_of_shares_turns_round_with_them(p: float, n: int, q: float, m: int) -> None:
    there, back = share_difference(p, n, q, m), share_difference(q, m, p, n)
    assert there.low is not None
    assert back.high is not None
    assert there.low <= there.value == p - q
    assert there.value == -back.value
    assert there.low == pytest.approx(-back.high)


@pytest.mark.parametrize(("p", "q", "n"), [(0.5, 0.5, 80), (0.02, 0.02, 80), (0.9, 0.7, 50), (0.99, 0.9, 20)])
def test_the_interval_of_a_difference_of_shares_covers_it(p: float, q: float, n: int) -> None:
    """Exactly, over every pair of counts: 90 %, less what so few samples cannot promise."""

    def chances(share: float) -> list[float]:
        return [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]

    covered = sum(
        a * b
        for i, a in enumerate(chances(p))
        for j, b in enumerate(chances(q))
        if abs(i / n - j / n - (p - q)) < 1e-9 or holds(share_difference(i / n, n, j / n, n), p - q)
    )
    assert covered >= CONFIDENCE - 0.02


def holds(interval: Estimate, value: float) -> bool:
    return interval.low is not None and interval.high is not None and interval.low <= value <= interval.high
