"""Dividing what the clocks tell by what was seen: made-up samples, known answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers.functions import Seen
from gilscope.production.merging import merged
from gilscope.production.observed import Observed, added, divided, observed_of
from gilscope.records import STATES, WAIT_STATES
from tests.unit.moments import counts
from tests.unit.production.profiles import make_profile

#: Others in the process compute while it is blocked: alone, one call cannot know what it waits for.
UNDIVIDED: dict[str, Any] = {"clocked_cpu_s": 0.1, "clocked_alone": 0, "clocked_possible_gil_wait_s": 0.9}


def seen(wall_s: float = 1.0, held: int = 0, free: int = 0, blocked_held: int = 0, **blocked: int) -> Seen:
    found = counts(blocked, on_cpu=(held, free), blocked_held=blocked_held)
    return Seen(wall_s, found, found.total)


def observed(**what: Any) -> Observed:
    found = observed_of(seen(**what), 1, 0, True)
    assert found is not None
    return found


numbers = st.integers(0, 50)


@given(
    held=numbers, free=numbers, gil_wait=numbers, network=numbers, cpu_ns=numbers, queue_ns=numbers, gil=st.booleans()
)
def test_the_states_sum_to_what_was_seen(
    held: int, free: int, gil_wait: int, network: int, cpu_ns: int, queue_ns: int, gil: bool
) -> None:
    what = seen(2.0, held, free, gil_wait=gil_wait, network=network)
    found = observed_of(what, cpu_ns, queue_ns, gil)
    assert (found is None) == (what.counts.total == 0)
    if found is not None:
        assert sum(found.state_s(state) or 0.0 for state in STATES) == pytest.approx(2.0)
        assert found.cpu_s + (found.runqueue_s or 0.0) + found.blocked_s == pytest.approx(2.0)


def test_nothing_seen_is_unknown() -> None:
    assert observed_of(None, 1, 0, True) is None
    assert observed_of(Seen(), 1, 0, True) is None


def test_samples_become_seconds_by_state() -> None:
    found = observed(held=30, free=10, gil_wait=40, network=20)
    figures = (found.samples, found.cpu_gil_s, found.cpu_free_s, found.gil_wait_s, found.network_s)
    assert figures == pytest.approx((100, 0.3, 0.1, 0.4, 0.2))


def test_the_clocks_tell_how_long_it_was_in_the_run_queue() -> None:
    found = observed_of(seen(held=40, sleep=60), 3_000, 1_000, True)
    assert found is not None
    assert (found.cpu_s, found.runqueue_s, found.blocked_s) == pytest.approx((0.3, 0.1, 0.6))


def test_exact_seconds_are_divided_as_seen() -> None:
    states = divided(observed(held=30, free=10, gil_wait=40, sleep=20, blocked_held=6), 8.0, 30.0)
    assert states["cpu_gil"] == pytest.approx(6.0)
    assert states["gil_wait"] == pytest.approx(20.0)
    assert states["gil_held_off_cpu"] == pytest.approx(3.0)
    assert sum(states[state] for state in ("gil_wait", *WAIT_STATES)) == pytest.approx(30.0)


def test_what_was_hardly_seen_divides_nothing() -> None:
    assert divided(observed(held=10, sleep=19), 1.0, 1.0) == {}
    assert divided(None, 1.0, 1.0) == {}


def test_what_was_never_seen_on_a_cpu_has_no_share_of_the_gil() -> None:
    assert "cpu_gil" not in divided(observed(sleep=100), 0.01, 1.0)


def test_processes_add_up() -> None:
    both = added([observed(held=50), None, observed(sleep=50)])
    assert both is not None
    assert (both.samples, both.cpu_gil_s, both.sleep_s) == pytest.approx((100, 1.0, 1.0))
    assert added([None, None]) is None


def test_merging_keeps_what_one_process_saw() -> None:
    [both] = merged([make_profile(), make_profile(observed=observed(sleep=40))])
    assert both.observed == observed(sleep=40)


# ---- what follows for the verdict ----


def test_unobserved_it_is_open_what_a_call_waited_for() -> None:
    profile = make_profile(**UNDIVIDED)
    assert profile.classification.label == "inconclusive"
    assert profile.states_s == {}
    assert profile.gil_held_ratio is None
    assert profile.possible_gil_wait_s == pytest.approx(0.9)


def test_observed_waiting_for_the_gil_is_computing() -> None:
    profile = make_profile(**UNDIVIDED, observed=observed(held=100, gil_wait=900))
    verdict = profile.classification
    assert (verdict.label, verdict.subtype) == ("compute-bound", "python")
    assert profile.possible_gil_wait_s == pytest.approx(0.0)
    assert profile.gil_held_ratio == verdict.gil_held_ratio == pytest.approx(0.1)


@pytest.mark.parametrize("state", ["network", "sleep", "disk", "child"])
def test_observed_waiting_for_the_world_is_waiting(state: str) -> None:
    profile = make_profile(**UNDIVIDED, observed=observed(free=100, **{state: 900}))
    assert (profile.classification.label, profile.classification.subtype) == ("io-bound", state)
    assert profile.demands is not None
    assert profile.demands.wait_s == pytest.approx(0.009)


def test_a_lock_may_be_one_that_threads_of_its_libraries_hold() -> None:
    """They compute meanwhile, as unobserved threads of the program may."""
    profile = make_profile(**UNDIVIDED, observed=observed(held=100, lock=900))
    assert profile.possible_gil_wait_s == pytest.approx(0.9)
    verdict = profile.classification
    assert (verdict.label, verdict.reason.split(":")[0]) == (
        "inconclusive",
        "between 10% and 100% of a call is computing",
    )
    alone = make_profile(clocked_cpu_s=0.1, observed=observed(held=100, lock=900))
    assert (alone.classification.label, alone.classification.subtype) == ("io-bound", "lock")


def test_what_a_coroutine_awaits_is_in_no_state() -> None:
    profile = make_profile(
        kind="coroutine",
        timed_awaited_s=0.8,
        clocked_awaited_s=0.8,
        clocked_cpu_s=0.1,
        clocked_alone=0,
        clocked_possible_gil_wait_s=0.5,
        observed=observed(held=100, gil_wait=100),
    )
    assert profile.states_s["gil_wait"] == pytest.approx(0.1)
    assert profile.possible_gil_wait_s == pytest.approx(0.4)
    assert profile.demands is not None
    assert profile.demands.gil_wait_s == pytest.approx(0.001)
    assert profile.demands.wait_s is None
