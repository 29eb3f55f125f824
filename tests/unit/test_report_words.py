"""Figures in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope.records import STATES, Recommendation
from gilscope.report import words
from tests.unit.handmade import make_classification, make_recommendation, make_result, make_trial


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
        (36000.0, "10.0 h"),
    ],
)
def test_durations_have_a_unit_that_fits(seconds: float | None, expected: str) -> None:
    assert words.duration(seconds) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(None, "unknown"), (0, "0 bytes"), (1023, "1,023 bytes"), (1536, "1.50 KiB")]
)
def test_bytes_are_binary(count: int | None, expected: str) -> None:
    assert words.byte_size(count) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(None, "unknown"), (0.0, "0 %"), (1e-4, "<1 %"), (0.5, "50 %"), (0.9999, ">99 %"), (1.0, "100 %")],
)
def test_percentages(share: float | None, expected: str) -> None:
    assert words.percent(share) == expected


@settings(deadline=None)
@given(st.floats(min_value=0, max_value=3))
def test_nothing_and_everything_are_said_only_where_they_are_true(share: float) -> None:
    said = words.percent(share)
    assert (said == "0 %") == (abs(share) <= 1e-9)
    assert (said == "100 %") == (abs(share - 1) <= 2e-9)


def test_numbers_have_three_digits_that_count() -> None:
    shown = [words.number(value) for value in (0.0, 0.01234, 1.234, 12.34, 1234.5, 1.234e6, float("inf"), None)]
    assert shown == ["0", "0.0123", "1.23", "12.3", "1,234", "1.23M", "inf", "unknown"]


def test_speedups_show_their_interval_where_it_is_known() -> None:
    assert words.speedup(1.91, 1.8, 2.0) == "1.9× (1.8–2.0)"
    assert words.speedup(15.2) == "15×"
    assert words.speedup(0.5) == "0.5×"
    assert words.speedup(None) == "unknown"


def test_confidence_is_a_word_and_a_percentage() -> None:
    assert words.confidence(0.95) == "high, 95 %"
    assert words.confidence(0.2) == "very low, 20 %"


def test_every_state_has_a_letter_and_a_colour_of_its_own() -> None:
    styles = words.STATE_STYLES
    assert tuple(styles)[: len(STATES)] == STATES
    assert len({style.letter for style in styles.values()}) == len(styles)
    assert len({style.colour for style in styles.values()}) == len(styles)


def test_the_verdict_of_a_process_pool() -> None:
    assert words.verdict_sentence(make_result()) == (
        "is_prime is compute-bound (python): run it in a process pool with 2 workers, "
        "1.9× (1.8–2.0) the serial throughput."
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"backend": "serial", "workers": 1}, "No gain: leave it serial."),
        ({"backend": "thread", "workers": 1}, "run it in a thread pool with 1 worker, "),
        ({"chunksize": 8, "start_method": "fork"}, "2 workers and chunksize 8 and start method fork"),
        ({"backend": "asyncio", "executor": "thread"}, "offload it from the event loop to a thread pool"),
        ({"backend": "asyncio"}, "await it on one event loop, 2 at a time"),
        ({"backend": "rq"}, "run it with rq with 2 workers"),
        ({"speedup": None}, "its gain unknown"),
    ],
)
def test_the_verdict_names_how_to_run_it(changes: dict[str, object], expected: str) -> None:
    assert expected in words.verdict_sentence(make_result(recommendation=make_recommendation(**changes)))


def test_an_inconclusive_verdict_says_why_and_says_it_once() -> None:
    advice = Recommendation(backend=None, confidence=0.3, reason="the machine was too noisy")
    result = make_result(recommendation=advice)
    assert words.verdict_sentence(result) == "Cannot tell how to run is_prime: the machine was too noisy."
    assert words.grounds(result) == ""


def test_an_unclassified_function_can_have_a_recommendation() -> None:
    unclear = make_result(classification=make_classification(label="inconclusive", subtype=None))
    assert words.verdict_sentence(unclear).startswith("is_prime could not be classified: run it in")


def test_only_the_recommended_configuration_is_chosen() -> None:
    advice = make_recommendation()
    assert words.is_chosen(make_trial("process", 2, start_method="spawn"), advice)
    assert not words.is_chosen(make_trial("process", 4, start_method="spawn"), advice)
    assert not words.is_chosen(make_trial("process", 2, start_method="spawn", status="failed"), advice)
