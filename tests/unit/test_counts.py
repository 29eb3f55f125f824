"""Counts from moments made by hand."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers.counts import ON_CPU, QUEUED, Counts, ThreadCounts
from gilscope.observers.moment import Moment, ThreadSample
from gilscope.records import WAIT_STATES

from .moments import address, blocked, counts, moment, runnable

BLOCKED = ("gil_wait", *WAIT_STATES, "idle")


def counted(*moments: Moment, tid: int = 1) -> Counts:
    of_threads = ThreadCounts()
    for each in moments:
        of_threads.see(each)
    return of_threads.of(address(tid=tid))


@pytest.mark.parametrize("state", BLOCKED)
def test_a_blocked_thread_is_counted_by_what_it_waits_for(state: str) -> None:
    assert counted(moment(blocked(state))) == counts({state: 1})


def test_a_blocked_thread_that_holds_the_gil_is_counted_for_that_too() -> None:
    found = counted(moment(blocked("sleep", holds=True)), moment(blocked("sleep")))
    assert found == counts({"sleep": 2}, blocked_held=1)


def test_a_runnable_thread_is_on_a_cpu_or_in_the_run_queue_with_the_gil_or_without() -> None:
    samples = [runnable(holds=True), runnable(), runnable(), runnable(False, holds=True), runnable(False)]
    samples += [runnable(False, preempted=True), runnable(False, preempted=False)]
    found = counted(*map(moment, samples), moment(runnable(None)))
    assert found == counts(on_cpu=(1, 2), queued=(1, 2), preempted=(0, 1), unasked=1)
    assert (found.total, found.runnable) == (8, 8)


def test_a_runnable_sample_weighs_what_it_stands_for() -> None:
    found = counted(moment(runnable(stands_for=4.0)), moment(runnable()), moment(runnable(None)))
    assert (found.of(ON_CPU), found.weight(ON_CPU), found.weight(ON_CPU, held=True)) == (2, 5.0, 0.0)


def test_moments_at_which_the_cpus_are_saturated_are_counted_apart() -> None:
    samples = [runnable(holds=True), runnable(), runnable(False)]
    found = counted(*[moment(each, saturated=True) for each in samples], moment(runnable()))
    assert found == counts(on_cpu=(0, 1), saturated_on_cpu=(1, 1), saturated_queued=(0, 1))


def test_of_counts_any_part_can_be_asked() -> None:
    found = counts({"sleep": 64, "lock": 128}, on_cpu=(1, 2), queued=(4, 8), saturated_on_cpu=(16, 32), blocked_held=64)
    assert (found.total, found.runnable) == (255, 63)
    assert (found.of(ON_CPU), found.of(ON_CPU, QUEUED, saturated=False)) == (51, 15)
    assert (found.of(ON_CPU, held=True), found.of(ON_CPU, held=False, saturated=True)) == (17, 32)
    assert (found.of("sleep", "lock"), found.of("sleep", "lock", held=True)) == (192, 64)


def test_each_thread_has_counts_of_its_own() -> None:
    seen = moment(blocked("sleep", tid=1), blocked("lock", tid=2))
    assert [counted(seen, tid=tid) for tid in (1, 2, 3)] == [counts({"sleep": 1}), counts({"lock": 1}), counts()]


samples = st.one_of(
    st.builds(blocked, st.sampled_from(BLOCKED), holds=st.booleans()),
    st.builds(runnable, st.sampled_from([True, False, None]), holds=st.booleans()),
)
some = st.lists(st.builds(moment, samples, saturated=st.booleans()), max_size=30)


@given(some, st.randoms(use_true_random=False))
def test_the_order_of_moments_is_irrelevant(seen: list[Moment], rng: random.Random) -> None:
    assert counted(*seen) == counted(*rng.sample(seen, len(seen)))
    assert counted(*seen).total == len(seen)


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
