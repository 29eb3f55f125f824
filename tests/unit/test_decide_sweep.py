from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.sweep import next_count


def swept(actual: Callable[[int], float], expected: Callable[[int], float], *, first: int, high: int = 64) -> list[int]:
    """The worker counts measured, in order, when the curve is ``actual``."""
    measured = {first: actual(first)}
    while (count := next_count(measured, expected, low=2, high=high, step=2)) is not None:
        assert count not in measured
        measured[count] = actual(count)
    return list(measured)


def linear(workers: int) -> float:
    return float(workers)


def test_a_curve_as_expected_is_not_looked_at_again() -> None:
    assert swept(lambda n: min(n, 16.0), lambda n: min(n, 16.0), first=16) == [16]


def test_it_climbs_while_the_model_expects_more() -> None:
    assert swept(linear, linear, first=8) == [8, 16, 32, 64]


def test_it_looks_one_step_past_the_end_and_no_further() -> None:
    counts = swept(lambda n: min(n, 16.0), linear, first=8, high=256)
    assert counts[:4] == [8, 16, 32, 64]
    assert 128 not in counts


@pytest.mark.parametrize("unlucky", [16, 32])
def test_one_unlucky_step_does_not_end_it(unlucky: int) -> None:
    """Sixty-four were four times as fast as the sixteen at which it stopped."""
    counts = swept(lambda n: n * (0.4 if n == unlucky else 1.0), linear, first=8)
    assert max(counts) == 64


def test_a_fall_is_no_bad_luck() -> None:
    counts = swept(lambda n: n if n <= 16 else 160 / n, linear, first=8)
    assert counts[:3] == [8, 16, 32]
    assert 64 not in counts


def test_it_goes_on_where_the_model_does_not_explain_what_was_reached() -> None:
    """The model has the knee at eight, where twice of what it expects was reached: it knows not enough."""
    assert 64 in swept(lambda n: 2.0 * n, lambda n: min(n, 8.0), first=8)


@given(st.integers(0, 4), st.floats(0.9, 1.1), st.floats(0.9, 1.1))
def test_noise_does_not_keep_it_from_the_top_of_a_curve_that_climbs(first: int, one: float, other: float) -> None:
    noise = {4: one, 8: other, 16: one, 32: other, 64: 1.0}
    assert 64 in swept(lambda n: n**0.9 * noise.get(n, 1.0), linear, first=2 << first)


def test_a_limit_below_the_expected_knee_is_found_from_above() -> None:
    """A server that serves five at once, and slows down when more ask."""
    counts = swept(lambda n: n if n <= 5 else 5 - math.log2(n / 5), linear, first=64)
    assert 4 in counts or 8 in counts
    assert len(counts) <= 5


def test_workers_that_are_not_in_each_others_way_are_given_company() -> None:
    """Whatever the model says: the solo run may have cost more than a call does in company."""
    assert next_count({32: 30.0}, lambda n: min(n, 32.0), low=2, high=64, step=2) is None
    assert next_count({32: 30.0}, lambda n: min(n, 32.0), low=2, high=64, step=2, alone=1.0) == 64
    assert next_count({32: 20.0}, lambda n: min(n, 21.0), low=2, high=64, step=2, alone=1.0) is None


def test_no_more_than_the_most() -> None:
    assert max(swept(linear, linear, first=8, high=20)) == 20


@given(st.integers(1, 7), st.floats(0.2, 4), st.floats(0.05, 1.0))
def test_it_ends_and_finds_most_of_the_top(first: int, knee_log: float, fall: float) -> None:
    knee = 2**knee_log

    def curve(workers: int) -> float:
        return workers if workers <= knee else knee * (knee / workers) ** fall

    counts = swept(curve, linear, first=2**first if first < 7 else 64)
    best = max(curve(count) for count in (2, 4, 8, 16, 32, 64))
    assert max(map(curve, counts)) >= 0.7 * best


@pytest.mark.parametrize("only", [1, 2])
def test_with_nothing_below_there_is_nothing_to_refine(only: int) -> None:
    assert next_count({only: 1.0}, lambda n: 10.0, low=2, high=only, step=2) is None
