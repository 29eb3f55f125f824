from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.demands import combine, demands, in_call_wall_s, outside_wait_s
from gilscope.records import STATES, Ledger

from . import decide_builders as make

seconds = st.floats(0, 100)


def test_demands_divide_by_the_calls() -> None:
    per_call = demands(make.ledger(gil=2.0, free=1.0, network=5.0, idle=2.0, calls=10))
    assert per_call is not None
    assert per_call.cpu_gil_s == pytest.approx(0.2)
    assert per_call.wall_s == pytest.approx(1.0)
    assert per_call.calls == 10
    assert in_call_wall_s(per_call) == pytest.approx(0.8)


def test_no_calls_no_demands() -> None:
    assert demands(Ledger()) is None


def test_rounds_add_up_and_the_longest_hold_stays_the_longest() -> None:
    both = combine(
        [
            Ledger(wall_s=1, samples=5, threads=2, longest_hold_s=0.3),
            Ledger(wall_s=2, samples=7, threads=2, longest_hold_s=0.1),
        ]
    )
    assert (both.wall_s, both.samples, both.threads, both.longest_hold_s) == (3, 12, 2, 0.3)


def test_unknown_in_one_round_is_unknown_in_all() -> None:
    both = combine([make.ledger(gil=1.0, sleep=1.0), Ledger(wall_s=2.0, cpu_s=1.0, blocked_s=1.0, lock_s=1.0)])
    assert (both.cpu_s, both.runqueue_s, both.sleep_s) == (2.0, None, None)


def test_a_round_of_which_nothing_was_seen_is_divided_as_the_others() -> None:
    seen = make.ledger(gil=1.5, free=0.5, sleep=1.0, lock=3.0)
    both = combine([seen, Ledger(wall_s=3.0, cpu_s=2.0, blocked_s=1.0)])
    assert (both.cpu_gil_s, both.cpu_free_s) == pytest.approx((3.0, 1.0))
    assert (both.sleep_s, both.lock_s, both.idle_s) == pytest.approx((1.25, 3.75, 0.0))


def test_what_was_seen_of_the_smaller_part_says_nothing_of_the_rest() -> None:
    both = combine([make.ledger(gil=1.5, free=0.5, sleep=4.0), Ledger(wall_s=4.0, cpu_s=3.0, blocked_s=1.0)])
    assert (both.cpu_gil_s, both.cpu_free_s) == (None, None)
    assert both.sleep_s == pytest.approx(5.0)


def test_nothing_cannot_be_combined() -> None:
    with pytest.raises(ValueError, match="no observed round"):
        combine([])


def test_waiting_of_an_undivided_account_leaves_out_what_is_known_not_to_be() -> None:
    assert outside_wait_s(Ledger(wall_s=10, blocked_s=6, idle_s=2, gil_wait_s=1)) == 3
    assert outside_wait_s(make.ledger(gil=1, gil_wait=4, sleep=2, idle=9)) == 2


@given(st.lists(st.tuples(seconds, seconds, seconds, seconds), min_size=1, max_size=5))
def test_combining_keeps_the_conservation_of_the_wall_clock(
    rounds: list[tuple[float, float, float, float]],
) -> None:
    whole = combine(make.ledger(gil=g, free=f, network=n, idle=i) for g, f, n, i in rounds)
    states = [whole.state_s(state) for state in STATES]
    assert sum(value or 0 for value in states) == pytest.approx(whole.wall_s)
