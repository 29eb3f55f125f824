"""Figures in words, at the edges of their units."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope import units


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "unknown"),
        (0.0, "0 s"),
        (3.2e-8, "32.0 ns"),
        (4.56e-5, "45.6 µs"),
        (0.0123, "12.3 ms"),
        (1.0, "1.00 s"),
        (119.0, "119 s"),
        (600.0, "10.0 min"),
        (9.996e-4, "1.00 ms"),
        (7_199.0, "2.00 h"),
        (36000.0, "10.0 h"),
        (200_000.0, "2.31 days"),
        (5e-10, "0.5 ns"),
        (3.89e-16, "<0.1 ns"),
    ],
)
def test_durations_have_a_unit_that_fits(seconds: float | None, expected: str) -> None:
    assert units.duration(seconds) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(None, "unknown"), (0, "0 bytes"), (1, "1 byte"), (1023, "1,023 bytes"), (1536, "1.50 KiB")]
)
def test_bytes_are_binary(count: int | None, expected: str) -> None:
    assert units.byte_size(count) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(None, "unknown"), (0.0, "0%"), (1e-4, "<1%"), (0.5, "50%"), (0.9999, ">99%"), (1.0, "100%")],
)
def test_percentages(share: float | None, expected: str) -> None:
    assert units.percent(share) == expected


@settings(deadline=None)
@given(st.floats(min_value=0, max_value=3))
def test_nothing_and_everything_are_said_only_where_they_are_true(share: float) -> None:
    said = units.percent(share)
    assert (said == "0%") == (abs(share) <= 1e-9)
    assert (said == "100%") == (abs(share - 1) <= 2e-9)


def test_numbers_have_three_digits_that_count() -> None:
    shown = [units.number(value) for value in (0.0, 0.01234, 1.234, 9.996, 12.34, 1234.5, 1.234e6, float("inf"), None)]
    assert shown == ["0", "0.0123", "1.23", "10.0", "12.3", "1,230", "1.23M", "inf", "unknown"]


def test_ratios_show_their_interval_where_it_is_known() -> None:
    assert units.times(1.91, 1.8, 2.0) == "1.91× (1.80–2.00)"
    assert [units.times(value) for value in (15.2, 9.999, 0.5, 0.0234, None)] == [
        *("15.2×", "10.0×", "0.50×", "0.0234×", "unknown")
    ]


def test_what_is_rough_has_two_digits() -> None:
    assert [units.rough_duration(value) for value in (0.0523, 1.0, 6.1e-4)] == ["52 ms", "1 s", "610 µs"]


def test_a_change_has_a_sign() -> None:
    assert [units.change(value) for value in (1.03, 0.5)] == ["+3%", "-50%"]
    assert [units.slowdown(value) for value in (1.02, 0.9, 1.001)] == ["2% slower", "10% faster", "less than 1%"]


def test_counts_have_their_plural() -> None:
    assert [units.counted(value, "call") for value in (0, 1, 2_500)] == ["0 calls", "1 call", "2,500 calls"]
    assert units.counted(2, "process", "es") == "2 processes"


def test_confidence_is_a_word_and_a_percentage() -> None:
    assert units.confidence(0.95) == "high, 95%"
    assert units.confidence(0.2) == "very low, 20%"
