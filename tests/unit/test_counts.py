"""Counts from moments made by hand."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers.counts import Counts, Held, Runnable, ThreadCounts
from gilscope.observers.moment import Moment, ThreadSample
from gilscope.records import WAIT_STATES

from .moments import address, blocked, moment, runnable

BLOCKED = ("gil_wait", *WAIT_STATES, "idle")


def counted(*moments: Moment, tid: int = 1) -> Counts:
    counts = ThreadCounts()
    for each in moments:
        counts.see(each)
    return counts.of(address(tid=tid))


@pytest.mark.parametrize("state", BLOCKED)
def test_a_blocked_thread_is_counted_by_what_it_waits_for(state: str) -> None:
    assert counted(moment(blocked(state))) == Counts(blocked=Counter({state: 1}))


def test_a_blocked_thread_that_holds_the_gil_is_counted_for_that_too() -> None:
    counts = counted(moment(blocked("sleep", holds=True)), moment(blocked("sleep")))
    assert counts == Counts(blocked=Counter(sleep=2), blocked_held=1)


def test_a_runnable_thread_is_on_a_cpu_or_in_the_run_queue_with_the_gil_or_without() -> None:
    samples = [runnable(holds=True), runnable(), runnable(), runnable(False, holds=True), runnable(False)]
    counts = counted(*map(moment, samples), moment(runnable(None)))
    assert counts == Counts(cpus_idle=Runnable(on_cpu=Held(1, 2), queued=Held(1, 1)), unasked=1)
    assert (counts.samples, counts.runnable) == (6, 6)


def test_moments_at_which_the_cpus_are_saturated_are_counted_apart() -> None:
    counts = counted(moment(runnable(holds=True), saturated=True), moment(runnable(None), saturated=True))
    assert counts == Counts(cpus_saturated=Runnable(on_cpu=Held(held=1)), unasked=1)


def test_each_thread_has_counts_of_its_own() -> None:
    seen = moment(blocked("sleep", tid=1), blocked("lock", tid=2))
    assert [counted(seen, tid=tid).blocked for tid in (1, 2, 3)] == [Counter(sleep=1), Counter(lock=1), Counter()]


samples = st.one_of(
    st.builds(blocked, st.sampled_from(BLOCKED), holds=st.booleans()),
    st.builds(runnable, st.sampled_from([True, False, None]), holds=st.booleans()),
)
some = st.lists(st.builds(moment, samples, saturated=st.booleans()), max_size=30)


@given(some, st.randoms(use_true_random=False))
def test_the_order_of_moments_is_irrelevant(seen: list[Moment], rng: random.Random) -> None:
    assert counted(*seen) == counted(*rng.sample(seen, len(seen)))
    assert counted(*seen).samples == len(seen)


@given(some, some)
def test_counts_add_up(one: list[Moment], other: list[Moment]) -> None:
    whole = counted(*one)
    whole += counted(*other)
    assert whole == counted(*one, *other)


@pytest.mark.parametrize(
    ("sample", "state"),
    [
        (blocked("gil_wait"), "gil_wait"),
        (runnable(holds=True), "cpu_gil"),
        (runnable(), "cpu_free"),
        (runnable(False, holds=True), "cpu_gil"),
        (runnable(False), "runqueue"),
        (runnable(None), None),
    ],
)
def test_a_sample_tells_the_state_of_the_ledger(sample: ThreadSample, state: str | None) -> None:
    assert sample.state == state
