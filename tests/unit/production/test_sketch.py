"""Durations in buckets: the promised error, order, and quantiles that survive merging."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.production import sketch

within_range = st.integers(min_value=256, max_value=2**40 - 1)


@given(within_range)
def test_a_bucket_stands_for_what_is_in_it(nanoseconds: int) -> None:
    middle = sketch.middle_s(sketch.bucket(nanoseconds)) * 1e9
    assert abs(middle - nanoseconds) <= sketch.RELATIVE_ERROR * middle * 1.0001


@given(st.integers(min_value=0), st.integers(min_value=0))
def test_longer_durations_are_in_later_buckets(one: int, other: int) -> None:
    short, long = sorted((one, other))
    assert 0 <= sketch.bucket(short) <= sketch.bucket(long) < sketch.BUCKETS


def test_the_ends_are_in_the_first_and_the_last_bucket() -> None:
    assert (sketch.bucket(0), sketch.bucket(256)) == (0, 0)
    assert sketch.bucket(2**40 - 1) == sketch.bucket(2**60) == sketch.BUCKETS - 1


@given(st.lists(within_range, min_size=1, max_size=50), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_quantiles_are_within_the_error(durations: list[int], share: float) -> None:
    told = sketch.quantile_s(Counter(map(sketch.bucket, durations)), share)
    rank = max(1, -(-share * len(durations) // 1))
    true = sorted(durations)[int(rank) - 1] / 1e9
    assert told == pytest.approx(true, rel=1.01 * sketch.RELATIVE_ERROR / (1 - sketch.RELATIVE_ERROR))


@given(st.lists(within_range, min_size=1, max_size=50))
def test_moments_are_near_the_true_ones(durations: list[int]) -> None:
    mean, square = sketch.moments(Counter(map(sketch.bucket, durations)))
    assert mean == pytest.approx(statistics.fmean(durations) / 1e9, rel=0.065)
    assert square == pytest.approx(statistics.fmean(value**2 for value in durations) / 1e18, rel=0.14)


def test_nothing_has_no_quantile() -> None:
    assert sketch.quantile_s({}, 0.5) is None
