from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from statistics import stdev

import pytest
from msgspec import structs

from gilscope.decide.model import Model
from gilscope.decide.noise import TIE_MARGIN, Pair, floor_of, noise_floor, spread
from gilscope.decide.traits import Machine

from . import decide_builders as make

TWO = Machine(cpus=2, samples=400)


def test_the_spread_is_pooled_over_what_was_repeated() -> None:
    rng = Random(1)
    rounds = [[100 * k * math.exp(rng.gauss(0, 0.03)) for _ in range(5)] for k in range(1, 40)]
    assert spread([*rounds, [7.0]]) == pytest.approx(0.03, rel=0.15)
    assert spread([[100.0, 105.0, 98.0]]) == pytest.approx(stdev(map(math.log, (100.0, 105.0, 98.0))))
    assert spread([[1.0], [2.0]]) is None


def pair(first: Sequence[float], second: Sequence[float]) -> Pair:
    return Pair("thread", 8, first, second)


def test_quiet_rounds_leave_the_least_floor() -> None:
    quiet = noise_floor([pair([100, 101, 99], [100.5, 99.5])], [[100, 101, 99], [50, 50.5]])
    assert quiet.floor == TIE_MARGIN
    assert (quiet.backend, quiet.workers, quiet.pairs) == ("thread", 8, 1)
    assert quiet.ratio == pytest.approx(1.0)


@pytest.mark.parametrize(("again", "floor"), [(92, 0.08), (50, 0.50)])
def test_a_gap_between_two_starts_of_the_same_is_noise_however_large(again: float, floor: float) -> None:
    assert noise_floor([pair([100, 100], [again, again])], [[100, 100]]).floor == pytest.approx(floor)


def test_several_pairs_count_by_their_usual_gap() -> None:
    pairs = [pair([100, 100], [again, again]) for again in (100, 120, 100, 100)]
    found = noise_floor(pairs, [[100, 100]])
    assert (found.pairs, found.ratio) == (4, 1.0)
    assert found.floor == pytest.approx(0.10)


def test_the_pair_of_the_fastest_is_told() -> None:
    slow, fast = Pair("serial", 1, [10, 10], [11, 11]), Pair("thread", 4, [40, 40], [40, 40])
    assert noise_floor([slow, fast], [[10, 10]]).backend == "thread"


def test_noisy_rounds_widen_the_floor() -> None:
    rates = [[100.0, 80.0, 95.0], [60.0, 45.0, 70.0]]
    assert noise_floor([pair(rates[0], [95, 96])], rates).floor > 2 * TIE_MARGIN


def test_every_processes_rounds_are_held_against_the_first_of_their_configuration() -> None:
    again = make.trial("thread", (100, 101, 80, 81, 120), workers=8)
    rounds = tuple(structs.replace(r, process=n) for r, n in zip(again.rounds, (0, 0, 1, 1, 2), strict=True))
    several = replace(make.tried("thread", workers=8), record=structs.replace(again, rounds=rounds))
    found = make.measured(make.tried("serial", (10, 10)), several).noise
    assert found is not None
    assert (found.backend, found.workers, found.pairs) == ("thread", 8, 2)
    assert found.floor == pytest.approx(0.198, abs=0.005)


def test_there_is_one_floor_for_all_who_ask() -> None:
    loud = noise_floor([pair([100, 100], [50, 50])], [[100, 100]])
    assert floor_of() == floor_of(None) == TIE_MARGIN
    assert floor_of(None, loud) == loud.floor


def test_threads_never_exceed_what_the_gil_serves() -> None:
    python, half = make.demands(gil=0.01), make.demands(gil=0.005, network=0.005)
    assert 1.0 <= Model(python, TWO).most_speedup("thread") <= 1.02
    assert 2.0 <= Model(half, TWO).most_speedup("thread") <= 2.2
    assert Model(python, TWO).most_speedup("process") == pytest.approx(2.0)
    assert Model(half, TWO).most_speedup("serial") == 1.0


def test_one_loop_never_exceeds_what_its_thread_serves() -> None:
    computing, half = Model(make.demands(gil=0.01), TWO), Model(make.demands(gil=0.005, network=0.005), TWO)
    assert computing.most_speedup("loop", make.demands(gil=0.0101)) == pytest.approx(1.0)
    assert half.most_speedup("loop", make.demands(gil=0.005)) == pytest.approx(2.0)
    reading = Model(make.demands(gil=0.001, disk=0.009), TWO)
    assert reading.most_speedup("loop", make.demands(gil=0.001, disk=0.009)) == pytest.approx(1.0)
    elsewhere = make.demands(free=0.001, lock=0.009, own_threads_cpu_s=0.009)
    assert Model(elsewhere, TWO).most_speedup("loop", elsewhere) == pytest.approx(2.0)


def test_turns_of_a_loop_that_calls_share_bound_nothing() -> None:
    turning = Model(make.demands(gil=0.01), TWO)
    assert turning.most_speedup("loop", make.demands(gil=0.0025)) == pytest.approx(4.0)
    assert turning.most_speedup("loop") == math.inf


def test_a_loop_is_bounded_by_its_own_ledger() -> None:
    alone = make.tried("serial", (100, 101, 99), ledger=make.ledger(gil=1.0, calls=100))
    lucky = make.tried("asyncio", (120, 121, 119), workers=32, ledger=make.ledger(gil=1.0, calls=99))
    advice = make.measured(alone, lucky, kind="coroutine").advice()
    assert advice.backend == "serial"
    assert "by its ledger it can reach 1.00× the serial throughput at most" in advice.alternatives[0].why_not


def test_two_samples_do_not_show_that_the_gil_is_always_held() -> None:
    assert Model(make.demands(gil=0.01), Machine(cpus=2, samples=2)).most_speedup("thread") > 1.5
    assert Model(make.demands(free=0.01), Machine(cpus=2, samples=2)).gil_shares == pytest.approx(
        (0, 0, 0.57), abs=0.02
    )


def test_without_a_gil_the_cpus_bound_threads() -> None:
    assert Model(make.demands(gil=0.01), Machine(cpus=2, gil_enabled=False)).most_speedup("thread") == pytest.approx(
        2.0
    )


def test_waiting_with_the_gil_bounds_threads_as_well() -> None:
    held = make.demands(gil=0.001, sleep=0.009, gil_held_off_cpu_s=0.009)
    assert Model(held, TWO).most_speedup("thread") == pytest.approx(1.0, rel=0.05)
    assert Model(held, TWO).most_speedup("process") == pytest.approx(20.0)


def test_what_is_unknown_or_asks_for_nothing_bounds_nothing() -> None:
    assert Model(make.undivided(cpu=0.01, blocked=0.0), TWO).most_speedup("thread") == pytest.approx(2.0)
    assert Model(make.demands(sleep=0.01), TWO).most_speedup("thread") == math.inf


def test_libraries_own_threads_use_up_the_cpus() -> None:
    own = make.demands(free=0.01, own_threads_cpu_s=0.01)
    assert Model(own, TWO).most_speedup("thread") == pytest.approx(1.0)
