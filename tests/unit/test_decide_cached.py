"""Functions that keep what they did for an input, on handmade seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.cached import ROUNDS, may_be_cached, repeats, unseen_calls
from gilscope.decide.next_steps import next_step
from gilscope.decide.steps import (
    LookForHotLines,
    LookForNativePools,
    MeasureMore,
    Open,
    Rounds,
    SingleCalls,
    Step,
    WatchAlone,
)
from tests.unit.decide_builders import ledger, measured, tried

CACHED = [(0.007, 1e-6), (0.005, 3e-6), (0.006, 2e-6)]


def test_a_cache_makes_the_same_again_cheap_for_each_input() -> None:
    found = repeats(CACHED)
    assert found is not None
    assert found.inputs == 3
    assert found.first_s == pytest.approx(0.006)
    assert found.again_s == pytest.approx(2e-6)


@pytest.mark.parametrize(
    "probes",
    [[], CACHED[:1], [(0.010, 0.010)], [CACHED[0], (0.010, 0.009)], [(0.010, 0.004), (0.010, 0.004)]],
    ids=["none", "one may be chance", "an import was in the very first", "of one input", "twice as fast is noise"],
)
def test_less_than_that_is_no_cache(probes: list[tuple[float, float]]) -> None:
    assert repeats(probes) is None


@pytest.mark.parametrize(
    ("looks_s", "inputs", "worth"),
    [
        ((0.007, 1e-6), 48, True),
        ((0.007, 1e-6), 2, False),
        ((0.010, 0.009), 48, False),
        ((0.007,), 48, False),
        ((0.001, 0.001), 48, False),
    ],
)
def test_it_is_looked_for_where_the_first_call_was_dear_and_there_are_other_inputs(
    looks_s: tuple[float, ...], inputs: int, worth: bool
) -> None:
    assert may_be_cached(looks_s, inputs) == worth


def test_half_of_them_tell_what_a_call_demands_and_the_rest_how_fast_it_is() -> None:
    assert unseen_calls(44, 0, 1, watched_first=True) == 22
    assert unseen_calls(22, 1, 1, watched_first=True) == 7
    assert unseen_calls(44, 0, 2) == 11


@given(inputs=st.integers(0, 1000), workers=st.integers(1, 64), alone=st.booleans())
def test_inputs_last_for_some_rounds_and_none_is_taken_twice(inputs: int, workers: int, alone: bool) -> None:
    left, made = inputs, list[int]()
    while (calls := unseen_calls(left, len(made), workers, watched_first=alone)) > 0:
        left -= calls
        made.append(calls)
    assert left == 0
    assert len(made) <= ROUNDS
    assert all(calls >= min(workers, inputs) for calls in made[:-1])


def test_what_sees_inputs_that_rounds_need_is_not_asked_for() -> None:
    steps = (WatchAlone(0.3, 5 * 10**8),)
    solo = tried("serial", (100.0,), ledger=ledger(gil=0.1, samples=100, calls=10))
    kept = next_step(measured(solo, steps=steps, inputs_unseen=20, by_first_calls=True))
    assert isinstance(kept, Open), "no pass over all of them"
    assert isinstance(next_step(measured(solo, steps=steps, inputs_unseen=20)), WatchAlone)


def test_what_would_only_see_the_cache_is_not_asked_for() -> None:
    solo = tried("serial", (100.0,) * 3, ledger=ledger(gil=0.1, samples=100, calls=10))
    pool = tried("process", (190.0,) * 3, workers=2, chunksize=10)
    asked: list[Step] = [WatchAlone(0.3, 5 * 10**8), Open(()), *[Rounds((0, 1), 0.12, "contest")] * 16]
    while (step := next_step(measured(solo, pool, steps=tuple(asked), by_first_calls=True))) is not None:
        asked.append(step)
    assert not any(isinstance(step, SingleCalls) for step in asked)
    assert {type(step) for step in asked} >= {MeasureMore, LookForNativePools}
    assert LookForHotLines("no input was left that it had not seen before") in asked
