"""The ledger of interpreters that have a GIL each, and live in one process."""

from __future__ import annotations

import pytest

from gilscope.backends.interpreter import is_available
from tests.truth.conftest import Observe
from tests.truth.test_ledger import check_sum, share

pytestmark = [
    pytest.mark.timing,
    pytest.mark.interpreter,
    pytest.mark.skipif(not is_available(), reason="this Python has no pools of interpreters"),
]


def test_two_that_compute_hold_two_gils_at_once(observe: Observe) -> None:
    ledger = observe("python", "interpreter", 2)
    check_sum(ledger)
    assert ledger.gil_observed_s == pytest.approx(ledger.wall_s, rel=0.01), "a GIL for each worker"
    assert ledger.gil_held_ratio is not None
    assert ledger.gil_held_ratio > 0.8, "one GIL for both would be held half as often by each"
    assert share(ledger, "cpu_gil") > 0.8
    assert share(ledger, "gil_wait") < 0.1


def test_each_is_in_the_state_that_its_calls_are_in(observe: Observe) -> None:
    native, half = observe("native", "interpreter", 1), observe("half_python_half_sleep", "interpreter", 4)
    for ledger in (native, half):
        check_sum(ledger)
    assert share(native, "cpu_free") > 0.7
    computed, slept = share(half, "cpu_gil"), share(half, "sleep")
    assert 0.3 < computed / (computed + slept) < 0.7, "as long: what it waits to be handed calls is left out"
    assert half.gil_held_ratio is not None
    assert half.gil_held_ratio < 0.9, "not while it sleeps"
