"""When calls have stopped getting cheaper, on handmade seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.warm import MOST_LOOKS, cold_excess_s, cold_rounds, is_warm

SECONDS = st.floats(1e-7, 1e3)


@pytest.mark.parametrize(
    ("call_s", "warm"),
    [
        ([], False),
        ([0.01], False),
        ([1.4, 0.01], False),
        ([1.4, 0.01, 0.011], True),
        ([0.010, 0.009], True),
        ([0.010, 0.030], True),
        ([1.0, 0.5, 0.25], False),
        ([2.0**-n for n in range(MOST_LOOKS)], True),
    ],
    ids=["none", "one", "an import", "after it", "alike", "noise", "a compiler", "long enough"],
)
def test_a_worker_is_warm_when_its_calls_stop_getting_cheaper(call_s: list[float], warm: bool) -> None:
    assert is_warm(call_s) == warm


@pytest.mark.parametrize(
    ("call_s", "cold"),
    [
        ([], 0),
        ([5.0], 0),
        ([5.0, 0.01], 1),
        ([5.0, 1.0, 0.01, 0.011], 2),
        ([0.010, 0.009, 0.011], 0),
        ([0.010, 0.004, 0.010, 0.011], 0),
        ([0.010, 0.010, 0.002], 0),
    ],
    ids=["none", "one", "an import", "two steps", "alike", "one lucky round", "the last alone is no judge"],
)
def test_first_rounds_are_cold_when_those_behind_them_are_notably_cheaper(call_s: list[float], cold: int) -> None:
    assert cold_rounds(call_s) == cold


@pytest.mark.parametrize(
    ("call_s", "excess_s"),
    [([], 0.0), ([2.0], 0.0), ([2.0, 0.5, 0.5], 1.5), ([3.0, 1.0, 0.25, 0.25], 3.5), ([0.5, 0.4], 0.0)],
)
def test_what_cold_calls_took_beyond_warm_ones_is_no_work(call_s: list[float], excess_s: float) -> None:
    assert cold_excess_s(call_s) == pytest.approx(excess_s)


@given(st.lists(SECONDS, min_size=1, max_size=12))
def test_a_round_remains_whatever_they_took(call_s: list[float]) -> None:
    assert 0 <= cold_rounds(call_s) < len(call_s)


@given(st.lists(SECONDS, max_size=12), st.integers(-10, 10))
def test_proportions_count_and_not_seconds(call_s: list[float], power: int) -> None:
    scaled = [seconds * 2.0**power for seconds in call_s]  # exactly
    assert (cold_rounds(scaled), is_warm(scaled)) == (cold_rounds(call_s), is_warm(call_s))
