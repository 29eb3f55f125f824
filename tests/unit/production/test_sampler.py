"""Which calls are measured: every call with the same chance, each standing for its block, all of them counted."""

from __future__ import annotations

import random
import sys
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.production.sampler import CallSampler, Places

blocks = st.lists(st.integers(min_value=1, max_value=32), min_size=1, max_size=40)


def weights(sampler: CallSampler, calls: int, block: int) -> list[int]:
    """What each of so many calls stands for; 0 for those that pass."""
    return [_one(sampler, block) for _ in range(calls)]


def _one(sampler: CallSampler, block: int) -> int:
    for _ in sampler.passing:
        return 0
    return sampler.choose(block)


@given(blocks)
def test_every_call_is_chosen_or_passed(lengths: list[int]) -> None:
    sampler, made, chosen = CallSampler(), 0, 0
    for block in lengths:
        for weight in weights(sampler, 50, block):
            made += 1
            chosen += weight > 0
        assert sampler.passed + chosen == made


@given(blocks)
def test_the_weights_add_up_to_the_calls(lengths: list[int]) -> None:
    """Up to the block that the last call is in, for the chosen one of it stands for all."""
    places, made, told = Places(), 0, 0
    for block in lengths:
        for _ in range(20):
            made += 1
            told += places.take(block)
    assert abs(made - told) < 2 * max(lengths)


def test_one_call_of_every_block_is_chosen() -> None:
    sampler = CallSampler()
    chosen = [number for number, weight in enumerate(weights(sampler, 3201, 32)) if weight]
    assert chosen[0] == 0  # the first call is a block of its own
    assert [(number - 1) // 32 for number in chosen[1:]] == list(range(100))


def test_every_place_in_a_block_is_as_likely() -> None:
    sampler = CallSampler()
    seen = [0] * 8
    for number, weight in enumerate(weights(sampler, 8 * 4000 + 1, 8)):
        if weight and number:
            seen[(number - 1) % 8] += 1
    assert sum(seen) == 4000
    assert max(abs(count - 500) for count in seen) < 6 * (4000 * 1 / 8 * 7 / 8) ** 0.5


def test_what_a_call_costs_does_not_decide_whether_it_is_measured() -> None:
    """One call of fifty takes a thousand times as long: the estimate is right on average, and within its error."""
    rng, sampler = random.Random(3), CallSampler()
    costs = [1000.0 if rng.random() < 0.02 else 1.0 for _ in range(200_000)]
    estimate = sum(cost * weight for cost, weight in zip(costs, weights(sampler, len(costs), 8), strict=True))
    assert estimate == pytest.approx(sum(costs), rel=6 * (7 / (0.02 * 200_000)) ** 0.5)


def test_threads_lose_no_call() -> None:
    sampler, every, chosen = CallSampler(), 50_000, []
    interval = sys.getswitchinterval()

    def work() -> None:
        chosen.append(sum(weight > 0 for weight in weights(sampler, every, 16)))

    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sampler.passed + sum(chosen) == 8 * every


def test_a_stopped_sampler_lets_no_call_pass_and_keeps_its_count() -> None:
    sampler = CallSampler()
    weights(sampler, 100, 32)
    passed = sampler.passed
    assert sampler.stop()
    assert weights(sampler, 50, 32) == [1] * 50
    assert sampler.passed == passed > 0
    assert not sampler.stop()


def test_the_count_never_falls_while_it_is_read() -> None:
    sampler, read, done = CallSampler(), [], threading.Event()

    def watch() -> None:
        while not done.is_set():
            read.append(sampler.passed)

    thread = threading.Thread(target=watch)
    thread.start()
    weights(sampler, 200_000, 4)
    done.set()
    thread.join()
    assert all(earlier <= later for earlier, later in pairwise(read))


def test_a_reset_sampler_begins_anew() -> None:
    sampler = CallSampler()
    weights(sampler, 100, 32)
    sampler.reset()
    assert sampler.passed == 0
    assert weights(sampler, 1, 32) == [1]
    assert sampler.stop()
    sampler.reset()
    assert weights(sampler, 50, 32) == [1] * 50
