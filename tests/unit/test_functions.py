"""Counting samples by the functions a thread is in, from moments made by hand."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gilscope.observers.counts import Counts
from gilscope.observers.functions import FUNCTIONS, FunctionCounts, Seen
from gilscope.observers.moment import Moment

from .moments import address, blocked, counts, moment, runnable


def inside(*functions: int) -> bytes:
    """What a thread in calls of these functions publishes."""
    published = bytearray(FUNCTIONS)
    for number in (0, *functions):
        published[number] = 1
    return bytes(published)


def taken(*moments: Moment) -> dict[int, Seen]:
    of_functions = FunctionCounts(0.0, random.Random(0))
    for each in moments:
        of_functions.see(each)
    return of_functions.take(1.0)


def counts_in(seen: dict[int, Seen]) -> dict[int, Counts]:
    return {number: each.counts for number, each in seen.items()}


def test_a_sample_counts_for_every_function_the_thread_is_in() -> None:
    seen = taken(*[moment(blocked("sleep", functions=inside(3, FUNCTIONS - 1)))] * 5)
    assert counts_in(seen) == {3: counts({"sleep": 5}), FUNCTIONS - 1: counts({"sleep": 5})}


def test_outside_calls_nothing_counts() -> None:
    assert taken(moment(blocked("sleep", functions=inside()), runnable(functions=inside()))) == {}


def test_what_was_taken_is_not_told_again() -> None:
    of_functions = FunctionCounts(0.0, random.Random(0))
    of_functions.see(moment(blocked("sleep", functions=inside(1))))
    of_functions.take(1.0)
    of_functions.see(moment(blocked("sleep", functions=inside(2))))
    assert counts_in(of_functions.take(2.0)) == {2: counts({"sleep": 1})}


def test_threads_add_up() -> None:
    within = inside(1)
    waiting = (blocked(state, tid=tid, functions=within) for tid, state in enumerate(("sleep", "network")))
    seen = moment(*waiting, runnable(tid=2, functions=within))
    [found] = taken(*[seen] * 4).values()
    assert found.counts == counts({"sleep": 4, "network": 4}, on_cpu=(0, 4))


def test_samples_stand_for_the_time_between_them() -> None:
    of_functions = FunctionCounts(10.0, random.Random(0))
    of_functions.see(moment())
    of_functions.see(moment(*[blocked("sleep", tid=tid, functions=inside(1)) for tid in range(8)]))
    [found] = of_functions.take(14.0).values()
    assert (found.counts.total, found.looks) == (8, 8)
    assert found.wall_s == pytest.approx(8 * (14.0 - 10.0) / 2)
    of_functions.see(moment(blocked("sleep", functions=inside(1))))
    assert of_functions.take(15.0)[1].wall_s == pytest.approx(15.0 - 14.0)


def test_a_sample_counts_for_the_moments_that_were_left_out_and_the_threads_that_were_not_looked_at() -> None:
    of_functions = FunctionCounts(0.0, random.Random(0))
    seldom, crowd = moment(blocked("sleep", functions=inside(1))), moment(blocked("network", functions=inside(1)))
    seldom.slots, crowd.crowd = 5.0, 2.5
    for _ in range(400):
        of_functions.see(seldom)
        of_functions.see(crowd)
    found = of_functions.take(400 * 6.0)[1]
    assert found.counts.of("sleep") == 400 * 5
    assert found.counts.of("network") == pytest.approx(400 * 2.5, rel=0.05)
    assert found.looks == 800
    assert found.wall_s == pytest.approx(400 * (5.0 + 2.5), rel=0.05)


def test_seen_adds_up_and_leaves_the_other_alone() -> None:
    parts: list[Any] = [Seen(1.0, counts({"sleep": 1}, blocked_held=1), 3) for _ in range(2)]
    whole = Seen()
    for part in parts:
        whole += part
    assert whole == Seen(2.0, counts({"sleep": 2}, blocked_held=2), 6)
    assert parts[0] == parts[1]


def test_functions_of_interpreters_are_told_apart_by_what_their_thread_adds() -> None:
    of_functions = FunctionCounts(0.0, random.Random(0), {address(tid=2): 2 * FUNCTIONS})
    of_functions.see(moment(*(blocked("sleep", tid=tid, functions=inside(1)) for tid in (1, 2))))
    assert sorted(of_functions.take(1.0)) == [1, 2 * FUNCTIONS + 1]
