"""Whose results are compared, and by how many calls, on handmade measurements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.comparing import check_first, check_leaders
from gilscope.decide.measured import Measured, Tried
from gilscope.decide.steps import CheckResults
from tests.unit import decide_builders as make

SOLO = make.tried("serial", (100.0,), ledger=make.ledger(gil=0.1))
POOL = make.tried("process", (190.0,), workers=2)


def race(*trials: Tried, asked: tuple[CheckResults, ...] = (), **fields: Any) -> Measured:
    return make.measured(*trials, steps=asked, **fields)


def test_all_that_race_are_compared_first() -> None:
    slow = make.tried("thread", (99.0,), workers=2)
    first = check_first(race(SOLO, POOL, slow))
    assert first is not None
    assert first.trials == (1, 2)
    assert check_first(race(SOLO, POOL, slow, asked=(first,))) is None


@pytest.mark.parametrize(
    ("trials", "fields"),
    [
        ((replace(SOLO, errors=1), POOL), {}),
        ((SOLO, replace(POOL, errors=1)), {}),
        ((SOLO, replace(POOL, alive=False)), {}),
        ((SOLO,), {}),
        ((SOLO, POOL), {"kind": "generator"}),
        ((SOLO, POOL), {"calls": 3}),
        ((SOLO, POOL), {"call_s": 10.0}),
        ((SOLO, POOL), {"remaining_s": 0.0}),
    ],
    ids=["raised", "raised there", "dead", "alone", "drained", "no calls", "long", "no time"],
)
def test_results_are_not_compared_where_that_tells_nothing_or_costs_too_much(
    trials: tuple[Tried, ...], fields: dict[str, Any]
) -> None:
    assert check_first(race(*trials, **fields)) is None


def test_what_would_be_recommended_in_the_end_is_compared_too_and_nobody_twice() -> None:
    first = CheckResults((1,), 10, 10)
    late, near = (make.tried("process", rates, workers=n) for n, rates in ((8, (400.0, 401.0)), (4, (340.0, 341.0))))
    last = check_leaders(race(SOLO, POOL, late, near, asked=(first,)))
    assert last is not None
    assert last.trials == (2,), "not all that come near it"
    assert check_leaders(race(SOLO, POOL, late, near, asked=(first, last))) is None


def test_where_the_leaders_are_wrong_the_next_are_compared() -> None:
    wrong = make.tried("thread", (400.0,), workers=8, results_compared=50, results_differing=9)
    solo = make.tried("serial", (100.0,), results_compared=50, results_differing=0)
    asked = (CheckResults((2,), 10, 10),)
    step = check_leaders(race(solo, POOL, wrong, asked=asked))
    assert step is not None
    assert step.trials == (1,)


@given(call_s=st.floats(1e-7, 20.0), others=st.integers(1, 8), calls=st.integers(0, 1000))
def test_comparing_fits_its_part_of_the_budget(call_s: float, others: int, calls: int) -> None:
    step = check_first(race(SOLO, *[POOL] * others, call_s=call_s, calls=calls))
    if step is None:
        assert call_s > 0.25 / 3 - 0.001 or calls < max(6, 4 * others)
    else:
        assert 2 <= step.calls <= 200
        assert 3 * step.inputs + step.calls * others <= calls
        least = step.inputs == 1 or step.calls <= 3
        assert 3 * step.inputs * call_s + step.calls * others / 190.0 <= (0.05 if least else 0.03) * 10.0


def test_a_pool_that_is_fast_is_asked_for_more_calls_than_the_serial_run() -> None:
    fast = make.tried("thread", (2000.0,), workers=64)
    step = check_first(race(SOLO, fast, call_s=0.05))
    assert step is not None
    assert step.inputs == 1
    assert step.calls > 64
