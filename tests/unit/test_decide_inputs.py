from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.inputs import inputs_to_use, why_fewer

PLENTY = 10**9


def test_all_inputs_are_used_where_one_pass_fits() -> None:
    assert inputs_to_use(6, 0.3, 10.0, PLENTY) == 6
    assert why_fewer(6, 6, 0.3, 10.0, None) is None


def test_as_many_as_the_budget_has_room_for_and_why() -> None:
    assert inputs_to_use(13, 1.0, 10.0, PLENTY) == 2
    why = why_fewer(13, 2, 1.0, 10.0, None)
    assert why == "one pass over all takes 13 s alone, more than a quarter of the budget of 10 s"


def test_the_calls_allowed_bound_them_too_and_that_is_said() -> None:
    assert inputs_to_use(100, 0.001, 10.0, 40) == 10
    assert why_fewer(100, 10, 0.001, 10.0, 40) == "one call of each is more than a quarter of the 40 calls allowed"


@pytest.mark.parametrize("call_s", [100.0, None])
def test_one_at_least(call_s: float | None) -> None:
    assert inputs_to_use(13, call_s, 10.0, PLENTY) == 1
    assert why_fewer(13, 1, call_s, 10.0, None) is not None


def test_a_pass_that_takes_longer_than_its_first_calls_let_expect() -> None:
    assert "took longer" in (why_fewer(13, 9, 0.1, 10.0, None) or "")


@given(st.integers(1, 1000), st.floats(0, 100), st.floats(0.1, 100), st.integers(0, 10**6))
def test_never_more_than_there_are_nor_than_there_is_time_for(
    count: int, call_s: float, budget_s: float, calls: int
) -> None:
    used = inputs_to_use(count, call_s, budget_s, calls)
    assert 1 <= used <= count
    assert used == 1 or used * call_s <= budget_s / 4
    assert (why_fewer(count, used, call_s, budget_s, calls) is None) == (used == count)
