"""Classifying from calls: the rules of an analysis, what cannot be told from inside, and what would tell it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from gilscope.production.judge import classification
from gilscope.production.needed import MIN_CALLS
from gilscope.production.observed import Observed
from gilscope.production.profile import Profile
from gilscope.production.sketch import bucket
from tests.unit.production.profiles import make_profile, seen


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
    assert verdict.reason == "9 calls were measured, 10 are needed: 1 more will do"
    assert classification(make_profile(calls=1)).reason.startswith("1 call was measured, 10 are needed")
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


def test_calls_that_all_raise_tell_nothing() -> None:
    verdict = classification(make_profile(errors=100))
    assert (verdict.label, verdict.reason.split(":")[0]) == ("inconclusive", "every call raised")


def test_what_it_waits_for_is_said_to_be_unknown() -> None:
    verdict = classification(make_profile(clocked_cpu_s=0.05))
    assert "what it waits for is unknown" in verdict.reason
    assert "busy machine" not in verdict.reason
    assert "busy machine" in classification(make_profile(clocked_cpu_s=0.05, clocked_runqueue_s=None)).reason


def test_a_bound_is_not_told_as_a_fact() -> None:
    """2 % of it is on a CPU; for most of it nobody knows whether it waited for the GIL."""
    open_s = {"clocked_cpu_s": 0.02, "clocked_alone": 0, "clocked_possible_gil_wait_s": 0.92}
    verdict = classification(make_profile(**open_s))
    assert verdict.label == "io-bound"
    assert verdict.reason.startswith("2% (0–8%) of a call is computing, 6% waiting, and 92% is open: for 9.20 ms")
    assert "2% to 25% of it may be computing" in verdict.reason


def test_a_share_is_told_with_its_interval_which_more_calls_narrow() -> None:
    few = classification(make_profile(clocked_cpu_s=0.1)).reason
    many = classification(make_profile(calls=10_000, wall_s=100.0, clocked_cpu_s=10.0)).reason
    assert few.startswith("10% (5–18%) of a call is computing, 90% waiting")
    assert many.startswith("10% (9–11%) of a call is computing, 90% waiting")


def test_calls_of_unequal_length_tell_less_than_as_many_equal_ones() -> None:
    unequal = {bucket(10**6): 99, bucket(10**9): 1}
    told = classification(make_profile(clocked_cpu_s=0.1, durations=unequal)).reason
    assert told.startswith("10% (0–")
    assert "10% (5–18%)" not in told


def of_calls(shares: Iterable[float]) -> Profile:
    """Calls of 10 ms each, of which these parts are computing."""
    cpu_s = [0.01 * share for share in shares]
    wall_s, squares = 0.01 * len(cpu_s), sum(each**2 for each in cpu_s)
    products = {"clocked_wall_wall_s2": 0.01 * wall_s, "clocked_wall_cpu_s2": 0.01 * sum(cpu_s)}
    figures = {"calls": len(cpu_s), "wall_s": wall_s, "clocked_cpu_s": sum(cpu_s), "clocked_cpu_cpu_s2": squares}
    return make_profile(**figures, **products)


def test_calls_that_are_alike_tell_their_share_more_exactly_than_calls_that_differ() -> None:
    """Each computes for 10 %; or every tenth throughout, and the others not at all."""
    alike, unlike = classification(of_calls([0.09, 0.11] * 50)), classification(of_calls(([1.0] + [0.0] * 9) * 10))
    assert alike.reason.startswith("10% of a call is computing")
    assert unlike.reason.startswith("10% (5–18%) of a call is computing")
    near = classification(of_calls([0.27, 0.29] * 50))
    assert near.label == "io-bound"
    assert near.confidence == pytest.approx(1.0)
    assert "takes about" not in near.reason


@pytest.mark.parametrize(
    ("observed", "told"),
    [
        (None, "gilscope.observe() tells, from 30 samples on"),
        (
            seen(18, cpu_gil_s=0.1, cpu_free_s=0.1, network_s=0.8),
            "12 more samples, at this rate about 67 more calls, 67",
        ),
        (seen(90, cpu_gil_s=0.1, cpu_free_s=0.1, lock_s=0.8), "no number of samples tells: gilscope analyze does"),
        (seen(90, cpu_gil_s=0.1, cpu_free_s=0.1), "in none of the observer's 90 samples it was off the CPU"),
    ],
)
def test_what_is_open_says_what_would_tell_it(observed: Observed | None, told: str) -> None:
    figures = {"clocked_cpu_s": 0.2, "clocked_alone": 0, "clocked_possible_gil_wait_s": 0.78, "observed": observed}
    verdict = classification(make_profile(**figures))
    assert verdict.label == "inconclusive"
    assert told in verdict.reason


@pytest.mark.parametrize("calls", [100, 1000])
def test_as_many_more_calls_as_are_said_tell_on_which_side_of_a_boundary_it_is(calls: int) -> None:
    verdict = classification(make_profile(calls=calls, wall_s=calls * 0.01, clocked_cpu_s=calls * 0.0028))
    found = re.search(r"more or less than 30% of it is computing takes about ([\d,]+) more calls", verdict.reason)
    assert found
    enough = calls + int(found[1].replace(",", ""))
    assert "takes about" not in label_and_reason(enough)
    assert "takes about" in label_and_reason(int(enough * 0.95))


def label_and_reason(calls: int) -> str:
    verdict = classification(make_profile(calls=calls, wall_s=calls * 0.01, clocked_cpu_s=calls * 0.0028))
    return f"{verdict.label}: {verdict.reason}"


def test_samples_tell_whether_it_holds_the_gil() -> None:
    held = seen(100, cpu_gil_s=0.45, cpu_free_s=0.55)
    assert "whether it holds the GIL for more or less than 50% of its CPU time takes 2" in label_of(held)
    assert "takes" not in label_of(seen(1000, cpu_gil_s=0.45, cpu_free_s=0.55))


def label_of(observed: Observed) -> str:
    return classification(make_profile(observed=observed)).reason


def test_nobody_is_told_to_wait_for_a_share_at_the_boundary() -> None:
    assert "at the boundary" in classification(make_profile(clocked_cpu_s=0.3)).reason
