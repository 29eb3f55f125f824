"""Comparing digests of results with those of the serial run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.result_check import compare_alone, compare_concurrent, joined

ALONE = {"steady": ["a", "a"], "chance": ["a", "b", "a"], "once": ["a"]}

digests = st.dictionaries(st.sampled_from("pqrst"), st.lists(st.sampled_from("abc"), min_size=1, max_size=4))


def test_repeats_are_compared_with_the_first_run() -> None:
    assert compare_alone(ALONE) == (3, 1)
    assert compare_alone({}) == (0, 0)


def test_only_what_was_steady_alone_is_compared() -> None:
    others = {"steady": ["a", "b", "a"], "chance": ["c", "d"], "once": ["b"], "unknown": ["x"]}
    assert compare_concurrent(ALONE, others) == (3, 1)
    assert compare_concurrent(ALONE, {}) == compare_concurrent({}, others) == (0, 0)


def test_runs_are_joined_in_their_order() -> None:
    assert joined({"p": ["a"], "q": ["b"]}, {}, {"p": ["c", "d"], "r": ["e"]}) == {
        "p": ["a", "c", "d"],
        "q": ["b"],
        "r": ["e"],
    }


def test_what_differs_in_another_process_is_no_fault_of_the_pool() -> None:
    before, elsewhere, after = ({"p": [pid], "q": ["same"]} for pid in ("1", "2", "1"))
    alone = joined(before, elsewhere, after)
    assert compare_concurrent(alone, {"p": ["2", "2"], "q": ["same"]}) == (1, 0)


@given(digests)
def test_a_run_does_not_differ_from_itself(alone: dict[str, list[str]]) -> None:
    assert compare_concurrent(alone, alone).differing == 0


@given(digests, digests)
def test_no_more_differ_than_are_compared(alone: dict[str, list[str]], others: dict[str, list[str]]) -> None:
    results, differing = compare_concurrent(alone, others)
    assert 0 <= differing <= results <= sum(map(len, others.values()))
