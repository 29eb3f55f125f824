"""Which inputs are not like the others, and which only seem so."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.groups import MOST_GROUPS, Run, groups


def repeated(*costs_s: float, share: float | None = None, times: int = 2) -> dict[int, list[Run]]:
    """Inputs that cost the same every time."""
    return {
        number: [Run(cost_s, None if share is None else share * cost_s)] * times
        for number, cost_s in enumerate(costs_s)
    }


def test_calls_that_are_alike_are_one_group_and_none_is_told() -> None:
    assert groups(repeated(0.01, 0.02, 0.03, 0.09)) == ()


def test_costs_far_apart_are_groups() -> None:
    short, long = groups(repeated(0.002, 0.0021, 0.0019, 0.5, 0.52, share=1.0))
    assert (short.inputs, long.inputs) == (3, 2)
    assert short.example in (0, 1, 2)
    assert long.example in (3, 4)
    assert short.name == "calls of about 2 ms, mostly computing"
    assert short.call_s == pytest.approx(0.002)
    assert (long.label, long.cpu_share) == ("compute-bound", 1.0)


def test_without_cpu_seconds_the_kind_is_unknown() -> None:
    short, _ = groups(repeated(0.002, 0.5))
    assert (short.name, short.label, short.cpu_share) == ("calls of about 2 ms", None, None)


def test_what_computes_and_what_waits_are_groups_even_at_one_cost() -> None:
    runs = repeated(0.01, 0.01, share=1.0) | {5: [Run(0.01, 0.0005)] * 2, 6: [Run(0.01, 0.004)] * 2}
    found = groups(runs)
    assert sorted(group.label or "" for group in found) == ["compute-bound", "io-bound", "mixed"]
    assert {group.name for group in found} >= {"calls of about 10 ms, mostly waiting"}


def test_waiting_for_a_cpu_is_not_waiting() -> None:
    """Some calls were off the CPU for most of their time; the ledger knows that none waited."""
    runs = repeated(0.01, 0.01, share=1.0) | {5: [Run(0.011, 0.0005)] * 2}
    assert len(groups(runs)) == 2
    assert groups(runs, wait_share=0.0) == ()


def test_one_interruption_is_no_group() -> None:
    runs = repeated(*[0.001] * 30) | {30: [Run(0.04)], 31: [Run(0.001), Run(0.05)]}
    assert groups(runs) == ()


def test_one_call_that_is_long_is_believed() -> None:
    assert [group.inputs for group in groups(repeated(0.001, 0.001) | {7: [Run(3.0)]})] == [2, 1]


def test_many_inputs_tell_even_when_each_ran_once() -> None:
    once = repeated(*[0.001] * 60, *[0.03] * 20, times=1)
    assert [group.inputs for group in groups(once)] == [60, 20]
    assert groups(repeated(*[0.001] * 78, 0.03, 0.04, times=1)) == ()


def test_a_wide_spread_without_a_gap_is_cut_all_the_same() -> None:
    costs = [0.001 * 1.1**step for step in range(60)]
    found = groups(repeated(*costs))
    assert 2 <= len(found) <= MOST_GROUPS
    assert [group.call_s for group in found] == sorted(group.call_s for group in found)


def test_nothing_is_known_of_nothing() -> None:
    assert groups({}) == ()
    assert groups({0: []}) == ()


inputs = st.dictionaries(
    st.integers(0, 200),
    st.lists(st.builds(Run, st.floats(1e-6, 10.0), st.one_of(st.none(), st.floats(0, 10.0))), min_size=1, max_size=3),
    max_size=60,
)


@given(inputs, st.one_of(st.none(), st.floats(0, 1)))
def test_every_input_is_in_one_group(runs: dict[int, list[Run]], wait_share: float | None) -> None:
    found = groups(runs, wait_share)
    assert len(found) <= MOST_GROUPS
    assert sum(group.inputs for group in found) == (len(runs) if found else 0)
    assert all(group.example in runs for group in found)


@given(st.integers(0, 2**32))
def test_noise_makes_no_groups(seed: int) -> None:
    """Calls of one cost, each run twice, a tenth of the runs interrupted for many times their length."""
    rng = random.Random(seed)
    runs = {
        number: [Run(0.001 * rng.uniform(1, 1.5)), Run(0.001 * (30 if rng.random() < 0.1 else rng.uniform(1, 1.5)))]
        for number in range(50)
    }
    assert groups(runs) == ()
