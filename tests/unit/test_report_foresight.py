"""Predictions, break-evens, groups and noise, as every report shows them."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.records import BreakEven, Noise, Prediction
from gilscope.report.sections import foresight
from gilscope.report.sections.throughput import noise
from gilscope.report.verdicts import verdict_sentence
from tests.unit.documents import cells
from tests.unit.handmade import make_recommendation, make_result

NOTHING: dict[str, Any] = {"predictions": (), "break_even": (), "groups": (), "noise": None}
TITLES = ("Calls differ in kind", "How long a call must be for a pool to pay", "On other machines")


def test_what_was_measured_stands_beside_what_was_predicted() -> None:
    assert cells(foresight.predictions(make_result())) == [("process × 2", "2", "5.90/s", "5.73/s", "+3%", "cpu")]


def test_other_machines_have_a_table_of_their_own() -> None:
    assert cells(foresight.elsewhere(make_result())) == [
        ("16 CPUs", "process × 16", "44.0/s", "–", "14.7×", "pickling"),
        ("64 CPUs", "process × 8 of 4 threads each", "61.0/s", "–", "20.3×", "gil"),
        ("2 CPUs, no GIL", "thread × 2", "5.80/s", "5.50–6.10", "1.93×", "unknown"),
    ]


def test_a_pool_that_never_pays_is_said_to() -> None:
    assert cells(foresight.break_even(make_result())) == [
        ("process × 2", "240 µs", "3.00 µs", "310 ms", "700 µs", "2 calls"),
        ("thread × 2", "20.0 µs", "–", "1.00 ms", "never", "never"),
    ]


def test_groups_name_an_example() -> None:
    assert [row[-1] for row in cells(foresight.groups(make_result()))] == ["input 3", "input 1"]


def test_the_noise_says_what_a_tie_is() -> None:
    told = noise(make_result())
    assert told.startswith("Noise: process × 2 in a second process ran at 97% of the first")
    assert told.endswith("Gaps of up to 6% are ties.")
    several = Noise(backend="thread", workers=4, ratio=0.9, floor=0.1, pairs=3)
    assert "thread × 4 (one of 3 pairs) in a second process" in noise(make_result(noise=several))


def test_where_nothing_was_measured_twice_the_report_says_so() -> None:
    assert noise(make_result(noise=None)).startswith("Noise: unknown, since no configuration was measured in a second")
    assert noise(make_result(noise=None, trials=())) == ""


@pytest.mark.parametrize("format_name", ["text", "md", "html"])
def test_every_report_shows_all_of_it_and_nothing_where_there_is_nothing(format_name: str) -> None:
    full, bare = (make_result(**changes)._render(format_name, None) for changes in ({}, NOTHING))
    assert [title for title in TITLES if title not in full] == []
    assert [title for title in TITLES if title in bare] == []


def serial(*pools: BreakEven) -> str:
    advice = make_recommendation(backend="serial", workers=1, chunksize=None, start_method=None)
    return verdict_sentence(make_result(recommendation=advice, break_even=pools))


def test_leaving_it_serial_says_from_where_on_a_pool_would_pay() -> None:
    long = BreakEven(backend="process", workers=2, call_s=0.8)
    longer = BreakEven(backend="thread", workers=4, call_s=2.0)
    assert serial(longer, long).endswith("leave it serial. Process × 2 would pay from calls of 800 ms on.")


def test_what_never_pays_or_should_have_paid_already_is_left_unsaid() -> None:
    never, already = BreakEven(backend="thread", workers=2), BreakEven(backend="process", workers=2, call_s=0.01)
    assert serial(never, already).endswith("leave it serial.")


def test_a_prediction_for_this_machine_that_was_not_measured_says_so() -> None:
    asked = Prediction(backend="process", workers=4, cpus=2, throughput_per_s=5.9)
    result = make_result(predictions=(asked,))
    assert cells(foresight.predictions(result)) == [("process × 4", "2", "5.90/s", "not measured")]
    assert foresight.elsewhere(result) is None
