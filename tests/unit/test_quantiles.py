"""Each definition of a quantile keeps what it promises."""

from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.quantiles import counted_quantile, observed_quantile, quantile

values = st.lists(st.integers(0, 10**12), min_size=1)
fractions = st.floats(0, 1)


def test_an_estimate_interpolates_between_order_statistics() -> None:
    assert quantile([4, 1, 3, 2], 0.5) == 2.5
    assert quantile([1, 2, 3, 4, 5], 0.99) == pytest.approx(4.96)
    assert quantile([0.0, 10.0], 0.9) == pytest.approx(9.0)
    assert quantile([7], 0.99) == 7


@given(values)
def test_the_estimate_at_one_half_is_the_median(values: list[int]) -> None:
    assert quantile(values, 0.5) == median(values)


@given(values.map(sorted), fractions, fractions)
def test_observed_quantiles_are_monotone(values: list[int], one: float, other: float) -> None:
    low, high = (observed_quantile(values, fraction) for fraction in sorted((one, other)))
    assert low is not None
    assert high is not None
    assert low <= high


@given(values.map(sorted), fractions)
def test_an_observed_quantile_is_one_of_the_values(values: list[int], fraction: float) -> None:
    assert observed_quantile(values, fraction) in values
    assert (observed_quantile(values, 0.0), observed_quantile(values, 1.0)) == (values[0], values[-1])


@given(st.lists(st.tuples(st.floats(0, 1e3), st.integers(1, 100)), min_size=1).map(sorted), fractions)
def test_a_counted_quantile_has_its_share_below_or_at_it(counts: list[tuple[float, int]], fraction: float) -> None:
    found = counted_quantile(counts, fraction)
    assert found is not None
    total = sum(count for _, count in counts)
    assert sum(count for value, count in counts if value <= found) >= fraction * total - 1e-9
    assert sum(count for value, count in counts if value < found) <= fraction * total + 1e-9


def test_there_is_no_quantile_of_nothing() -> None:
    assert quantile([], 0.5) is None
    assert observed_quantile([], 0.5) is None
    assert counted_quantile([], 0.5) is None
