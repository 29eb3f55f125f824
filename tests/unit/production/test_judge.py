"""Classifying from calls: the rules of an analysis, and what cannot be told from inside."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.production.judge import MIN_CALLS, classification
from tests.unit.production.profiles import make_profile


def label(**figures: Any) -> str:
    return classification(make_profile(**figures)).label


@pytest.mark.parametrize(
    ("cpu_s", "expected"), [(1.0, "compute-bound"), (0.85, "compute-bound"), (0.5, "mixed"), (0.1, "io-bound")]
)
def test_the_share_of_computing_decides(cpu_s: float, expected: str) -> None:
    assert label(clocked_cpu_s=cpu_s) == expected


def test_few_calls_are_inconclusive() -> None:
    verdict = classification(make_profile(calls=MIN_CALLS - 1))
    assert (verdict.label, verdict.confidence) == ("inconclusive", 0.0)
    assert "too few" in verdict.reason
    assert label(calls=MIN_CALLS) == "compute-bound"


def test_time_without_a_cpu_is_not_waiting() -> None:
    assert label(clocked_cpu_s=0.3, clocked_runqueue_s=0.7) == "compute-bound"


def test_the_librarys_own_threads_compute() -> None:
    profile = make_profile(clocked_cpu_s=0.05, clocked_own_s=1.9)
    verdict = classification(profile)
    assert (verdict.label, verdict.subtype) == ("compute-bound", "own-threads")
    assert "threads of its own" in profile.advice


def test_blocked_while_others_compute_is_ambiguous() -> None:
    """Four threads that compute in Python each look like this: a quarter of the time on a CPU."""
    figures = {"clocked_cpu_s": 0.25, "clocked_alone": 0, "clocked_possible_gil_wait_s": 0.75}
    verdict = classification(make_profile(**figures))
    assert verdict.label == "inconclusive"
    assert "between 25% and 100%" in verdict.reason


def test_what_little_is_ambiguous_does_not_matter() -> None:
    assert label(clocked_cpu_s=0.01, clocked_alone=0, clocked_possible_gil_wait_s=0.1) == "io-bound"
    assert label(clocked_cpu_s=0.95, clocked_alone=0, clocked_possible_gil_wait_s=0.05) == "compute-bound"


def test_a_short_call_is_not_worth_handing_over() -> None:
    profile = make_profile(wall_s=100 * 2e-6)
    assert classification(profile).label == "overhead-bound"
    assert "directly" in profile.advice


def test_calls_that_all_raise_tell_nothing() -> None:
    verdict = classification(make_profile(errors=100))
    assert (verdict.label, verdict.reason.split(",")[0]) == ("inconclusive", "every call raised")


def test_what_it_waits_for_is_said_to_be_unknown() -> None:
    verdict = classification(make_profile(clocked_cpu_s=0.05))
    assert "what it waits for is unknown" in verdict.reason
    assert "busy machine" not in verdict.reason
    assert "busy machine" in classification(make_profile(clocked_cpu_s=0.05, clocked_runqueue_s=None)).reason


def test_advice_is_one_sentence_for_every_label() -> None:
    cases: list[dict[str, Any]] = [
        {},
        {"clocked_cpu_s": 0.5},
        {"clocked_cpu_s": 0.1},
        {"wall_s": 1e-4},
        {"calls": 1},
        {"kind": "coroutine"},
        {"kind": "coroutine", "clocked_cpu_s": 0.1},
        {"kind": "coroutine", "clocked_cpu_s": 0.1, "longest_block_s": 0.5},
    ]
    told = [make_profile(**case).advice for case in cases]
    assert len(set(told)) == len(cases)
    assert all(sentence.endswith(".") for sentence in told)
    assert "500 ms" in told[-1]
