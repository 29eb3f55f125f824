from __future__ import annotations

import math
from random import Random
from statistics import stdev

import pytest

from gilscope.decide.model import Model
from gilscope.decide.noise import MOST_FLOOR, TIE_MARGIN, noise_floor, spread
from gilscope.decide.traits import Machine

from . import decide_builders as make

TWO = Machine(cpus=2, samples=400)


def test_the_spread_is_pooled_over_what_was_repeated() -> None:
    rng = Random(1)
    rounds = [[100 * k * math.exp(rng.gauss(0, 0.03)) for _ in range(5)] for k in range(1, 40)]
    assert spread([*rounds, [7.0]]) == pytest.approx(0.03, rel=0.15)
    assert spread([[100.0, 105.0, 98.0]]) == pytest.approx(stdev(map(math.log, (100.0, 105.0, 98.0))))
    assert spread([[1.0], [2.0]]) is None


def test_quiet_rounds_leave_the_least_floor() -> None:
    quiet = noise_floor("thread", 8, [100, 101, 99], [100.5, 99.5], [[100, 101, 99], [50, 50.5]])
    assert quiet.floor == TIE_MARGIN
    assert (quiet.backend, quiet.workers) == ("thread", 8)
    assert quiet.ratio == pytest.approx(1.0)


def test_a_gap_between_two_starts_of_the_same_is_noise() -> None:
    assert noise_floor("thread", 8, [100, 100], [92, 92], [[100, 100]]).floor == pytest.approx(0.08)
    assert noise_floor("thread", 8, [100, 100], [50, 50], [[100, 100]]).floor == MOST_FLOOR


def test_noisy_rounds_widen_the_floor() -> None:
    rates = [[100, 80, 95], [60, 45, 70]]
    assert TIE_MARGIN < noise_floor("serial", 1, rates[0], [95, 96], rates).floor <= MOST_FLOOR


def test_threads_never_exceed_what_the_gil_serves() -> None:
    python, half = make.demands(gil=0.01), make.demands(gil=0.005, network=0.005)
    assert 1.0 <= Model(python, TWO).most_speedup("thread") <= 1.02
    assert 2.0 <= Model(half, TWO).most_speedup("thread") <= 2.2
    assert Model(python, TWO).most_speedup("process") == pytest.approx(2.0)
    assert Model(half, TWO).most_speedup("serial") == 1.0
    assert Model(python, TWO).most_speedup("loop") == math.inf


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
