"""Figures in words, at the edges of their units."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

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
        (5e-10, "0.500 ns"),
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
    assert shown == ["0", "0.0123", "1.23", "10.0", "12.3", "1,230", "1.23M", "unknown", "unknown"]


def test_ratios_show_their_interval_where_it_is_known() -> None:
    assert units.times(1.91, 1.8, 2.0) == "1.91× (1.80–2.00)"
    assert [units.times(value) for value in (15.2, 9.999, 0.5, 0.0234, None)] == [
        *("15.2×", "10.0×", "0.50×", "0.0234×", "unknown")
    ]


def test_what_is_rough_has_two_digits() -> None:
    assert [units.rough_duration(value) for value in (0.0523, 1.0, 6.1e-4)] == ["52 ms", "1 s", "610 µs"]


def test_a_change_has_a_sign() -> None:
    assert [units.change(value) for value in (1.03, 0.5)] == ["+3%", "−50%"]
    assert [units.slowdown(value) for value in (1.02, 0.9, 1.001)] == ["2% slower", "10% faster", "less than 1%"]


def test_counts_have_their_plural() -> None:
    assert [units.counted(value, "call") for value in (0, 1, 2_500)] == ["0 calls", "1 call", "2,500 calls"]
    assert units.counted(2, "process", "es") == "2 processes"


def test_confidence_is_a_word_and_a_percentage() -> None:
    assert units.confidence(0.95) == "high, 95%"
    assert units.confidence(0.2) == "very low, 20%"


def test_every_minus_is_one() -> None:
    assert [units.number(-3.0), units.duration(-0.002), units.percent(-0.25), units.byte_size(-2048)] == [
        *("−3.00", "−2.00 ms", "−25%", "−2.00 KiB")
    ]


def test_intervals_say_their_unit_once_and_have_as_many_decimals_at_both_ends() -> None:
    shown = [units.interval(*ends) for ends in ((5.4, 6.0), (93.1, 102.9), (998.3, 1001.7), (1e6, 1.1e6), (-0.1, 0.1))]
    assert shown == ["5.40–6.00", "93.1–102.9", "998.3–1,001.7", "1.00–1.10M", "−0.100 to 0.100"]
    assert units.duration_interval(0.112, 0.208) == "112–208 ms"
    assert units.percent_interval(0.402, 0.558) == "40–56%"
    assert [units.span(2, 3), units.span(1000, 2000), units.span(4, 4)] == ["2–3", "1,000–2,000", "4"]
    assert [units.times_interval(1.5, 2.0), units.times_interval(2.0, 2.0)] == ["1.50–2.00×", "2.00×"]


def test_changes_are_told_to_what_their_intervals_tell() -> None:
    assert units.difference(0.12, 0.0428, 0.197) == "+0.12 (+0.04 to +0.20)"
    assert units.average_difference(-0.024, -0.0502, -0.000158) == "−0.02 (−0.05 to 0)"
    assert units.difference(0.0, -0.0476, 0.0476) == "0 (−0.048 to +0.048)"
    assert units.duration_difference(-0.012, -0.023, -0.001) == "−12 ms (−23 to −1)"
    assert units.rate_difference(0.0, -3.06, 3.06) == "0/s (−3.1 to +3.1)"
    assert units.points(-0.36, -0.37, -0.35) == "−36 pp (−37 to −35)"
    assert [units.change(1.001), units.points(-0.001)] == ["0%", "0 pp"]


def test_a_ratio_whose_interval_holds_everything_is_no_figure() -> None:
    assert units.times(2.0, 0.1, 40.0) == units.times(2.0, 0.0, math.inf) == units.UNKNOWN
    assert units.times(2.0, 1.2, math.inf) == "2.00× (at least 1.20)"
    assert units.times(2.0, 0.5, 3.0) == "2.00× (0.50–3.00)"


def test_what_was_given_is_told_as_it_was_given() -> None:
    shown = [units.given_duration(seconds) for seconds in (10.0, 0.25, 1.5, 90.0, 600.0, 1234.5)]
    assert shown == ["10 s", "250 ms", "1.5 s", "90 s", "10 min", "20.575 min"]
    assert [units.exact(value) for value in (2.0, 0.5, 0.1 + 0.2, 1e6)] == ["2", "0.5", "0.3", "1,000,000"]
    assert units.counted(0.5, "CPU") == "0.5 CPUs"


def test_averages_have_two_decimals() -> None:
    shown = [units.average(value) for value in (0.0, 0.0001, 0.4, 1.149, 12.34, None)]
    assert shown == ["0", "<0.01", "0.40", "1.15", "12.3", "unknown"]


def test_a_sum_of_shares_may_be_about_a_hundred() -> None:
    assert [units.percent(1.003), units.percent(1.003, of_several=True)] == [">100%", "100%"]
    assert units.percent(2.4) == "240%"


# ---- laws ----

FINITE = st.floats(min_value=-1e15, max_value=1e15)
SHOWN: list[Callable[[float], str]] = [
    *(units.number, units.average, units.exact, units.duration, units.rough_duration, units.given_duration),
    *(units.rate, units.hertz, units.byte_size, units.percent, units.times, units.points, units.change, units.signed),
]
_SCALES = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "days": 86400.0}
_SIZES = {"byte": 1.0, "bytes": 1.0, "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3, "TiB": 1024.0**4} | {
    "PiB": 1024.0**5
}
_LETTERS = {"": 1.0, "M": 1e6, "G": 1e9, "T": 1e12}


def read_back(text: str) -> float:
    """What a reader takes a figure for."""
    match = re.fullmatch(r"(<?)(−?)([0-9,]+(?:\.[0-9]+)?)([MGT]?)(?: (\w+))?", text)
    assert match is not None, text
    below, minus, digits, letter, unit = match.groups()
    size = float(digits.replace(",", "")) * _LETTERS[letter] * (_SCALES | _SIZES).get(unit, 1.0)
    return (-size if minus else size) * (0.5 if below else 1.0)


@settings(deadline=None)
@given(st.sampled_from(SHOWN), FINITE)
def test_no_figure_is_minus_nothing_or_has_a_hyphen_for_a_minus(show: Callable[[float], str], value: float) -> None:
    told = show(value)
    assert [part for part in ("-", "e+", "nan", "inf") if part in told] == []
    assert not re.match(r"−0(\.0*)?(?![0-9.])", told)


@settings(deadline=None)
@given(
    st.sampled_from([units.number, units.average, units.duration, units.given_duration, units.byte_size]),
    FINITE,
    FINITE,
)
def test_what_is_more_is_never_told_as_less(show: Callable[[float], str], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert read_back(show(low)) <= read_back(show(high)) * (1 + math.copysign(1e-12, high))


@settings(deadline=None)
@given(st.floats(min_value=1e-9, max_value=1e12))
def test_what_is_read_is_what_was_measured_to_three_digits(value: float) -> None:
    assert read_back(units.number(value)) == pytest.approx(value, rel=0.0051)
    assert read_back(units.duration(value)) == pytest.approx(value, rel=0.0051)


@settings(deadline=None)
@given(st.floats(min_value=1e-9, max_value=1e7))
def test_no_duration_has_as_many_of_a_unit_as_make_the_next(seconds: float) -> None:
    """Never 1,000 ms, nor 120 s, nor 48 h."""
    most = {"ns": 1000, "µs": 1000, "ms": 1000, "s": 120, "min": 120, "h": 48, "days": math.inf}
    for show in (units.duration, units.rough_duration, units.given_duration):
        digits, unit = show(seconds).split(" ")
        assert float(digits.replace(",", "")) < most[unit]


@settings(deadline=None)
@given(FINITE, FINITE)
def test_an_intervals_ends_are_in_their_order(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ends = re.split(r"–| to ", re.sub(r"[MGT]$", "", units.interval(low, high)))
    assert len(ends) == 2
    assert read_back(ends[0]) <= read_back(ends[1])


@settings(deadline=None)
@given(st.floats(min_value=0, max_value=1), st.floats(min_value=0, max_value=1))
def test_an_interval_of_percents_holds_what_it_tells_of(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ends = [float(end) for end in units.percent_interval(low, high).removesuffix("%").split("–")]
    assert ends[0] <= 100 * low + 1e-6
    assert 100 * high - 1e-6 <= ends[1]
    assert ends[1] - ends[0] <= 100 * (high - low) + 2
