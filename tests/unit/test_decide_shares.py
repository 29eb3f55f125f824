"""How exactly shares are known: the interval contains the truth as often as it says."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.demands import combine
from gilscope.decide.shares import share_intervals, wilson_interval
from gilscope.records import STATES, Ledger

from . import decide_builders as make


@given(share=st.floats(0, 1), samples=st.integers(0, 10_000))
def test_an_interval_contains_its_share_and_is_one(share: float, samples: int) -> None:
    low, high = wilson_interval(share, samples)
    assert 0 <= low <= share <= high <= 1


def test_of_nothing_seen_all_is_possible() -> None:
    assert wilson_interval(0.0, 0) == (0.0, 1.0)


def test_a_known_interval() -> None:
    assert wilson_interval(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)


@pytest.mark.parametrize("truth", [0.02, 0.2, 0.5, 0.97])
def test_nineteen_of_twenty_contain_the_truth(truth: float) -> None:
    rng = random.Random(2)
    contained = 0
    for _ in range(2_000):
        low, high = wilson_interval(sum(rng.random() < truth for _ in range(120)) / 120, 120)
        contained += low <= truth <= high
    assert contained / 2_000 == pytest.approx(0.95, abs=0.03)


def test_each_sampled_state_has_its_interval_and_the_exact_ones_have_none() -> None:
    part = msgspec.structs.replace(make.ledger(gil=1.0, free=1.0, sleep=2.0), cpu_samples=60, blocked_samples=50)
    whole = combine([part, part])
    found = {interval.state: interval for interval in whole.intervals}
    assert found.keys() == {*STATES} - {"runqueue"}
    for state, edges in (("cpu_gil", wilson_interval(0.5, 120)), ("sleep", wilson_interval(1.0, 100))):
        assert [found[state].low, found[state].high] == pytest.approx([0.5 * edge for edge in edges])
    assert all(each.low <= (whole.share(state) or 0.0) <= each.high for state, each in found.items())


def test_what_is_unknown_has_no_interval() -> None:
    assert share_intervals(Ledger(wall_s=1.0, cpu_s=1.0, cpu_samples=9)) == ()
    assert combine([make.ledger(gil=1.0)]).intervals == ()
