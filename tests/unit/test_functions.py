"""Counting samples by the functions a thread is in, from moments made by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from gilscope.observers.counts import Counts
from gilscope.observers.functions import FUNCTIONS, FunctionCounts, Seen
from gilscope.observers.moment import Moment
from gilscope.observers.sampler import THREADS_PER_MOMENT

from .moments import blocked, moment, runnable


def inside(*functions: int) -> bytes:
    """What a thread in calls of these functions publishes."""
    published = bytearray(FUNCTIONS)
    for number in (0, *functions):
        published[number] = 1
    return bytes(published)


def taken(*moments: Moment) -> dict[int, Seen]:
    counts = FunctionCounts(0.0)
    for each in moments:
        counts.see(each)
    return counts.take(1.0, 1)


def waits(seen: dict[int, Seen]) -> dict[int, Counter[str]]:
    return {number: each.counts.blocked for number, each in seen.items()}


def test_a_sample_counts_for_every_function_the_thread_is_in() -> None:
    seen = taken(*[moment(blocked("sleep", functions=inside(3, FUNCTIONS - 1)))] * 5)
    assert waits(seen) == {3: Counter(sleep=5), FUNCTIONS - 1: Counter(sleep=5)}


def test_outside_calls_nothing_counts() -> None:
    assert taken(moment(blocked("sleep", functions=inside()), runnable(functions=inside()))) == {}


def test_what_was_taken_is_not_told_again() -> None:
    counts = FunctionCounts(0.0)
    counts.see(moment(blocked("sleep", functions=inside(1))))
    counts.take(1.0, 1)
    counts.see(moment(blocked("sleep", functions=inside(2))))
    assert waits(counts.take(2.0, 1)) == {2: Counter(sleep=1)}


def test_threads_add_up() -> None:
    within = inside(1)
    waiting = (blocked(state, tid=tid, functions=within) for tid, state in enumerate(("sleep", "network")))
    seen = moment(*waiting, runnable(tid=2, functions=within))
    [found] = taken(*[seen] * 4).values()
    assert (found.counts.blocked, found.counts.runnable) == (Counter(sleep=4, network=4), 4)


def test_samples_stand_for_the_time_between_them() -> None:
    counts, threads = FunctionCounts(10.0), 2 * THREADS_PER_MOMENT
    counts.see(moment())
    counts.see(moment(*[blocked("sleep", tid=tid, functions=inside(1)) for tid in range(THREADS_PER_MOMENT)]))
    [found] = counts.take(14.0, threads).values()
    assert found.counts.samples == THREADS_PER_MOMENT
    assert found.wall_s == pytest.approx((14.0 - 10.0) / 2 * threads)
    counts.see(moment(blocked("sleep", functions=inside(1))))
    assert counts.take(15.0, 1)[1].wall_s == pytest.approx(15.0 - 14.0)


def test_seen_adds_up_and_leaves_the_other_alone() -> None:
    parts: list[Any] = [Seen(1.0, Counts(blocked=Counter(sleep=1), blocked_held=1)) for _ in range(2)]
    whole = Seen()
    for part in parts:
        whole += part
    assert whole == Seen(2.0, Counts(blocked=Counter(sleep=2), blocked_held=2))
    assert parts[0] == parts[1]
