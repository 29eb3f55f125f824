"""The model of many machines under one task queue, against closed forms, brute force and the laws it must keep."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope.decide.mva import Station, throughputs
from gilscope.queues.capacity.model import BROKER_VISITS, Fleet
from gilscope.queues.capacity.product_form import sharing

PLAIN = Fleet(machines=1, workers_each=1, cpus_each=1, caller_s=2e-5, broker_s=3e-6, cpu_s=0.01, wait_s=0.0)
#: Its caller is never what limits.
FED = replace(PLAIN, caller_s=0.0, broker_s=0.0)
seconds = st.floats(min_value=1e-5, max_value=0.1).map(lambda value: round(value, 6))


def test_one_worker_does_one_task_after_the_other() -> None:
    outcome = replace(PLAIN, wait_s=0.02).outcome()
    assert outcome.latency_s == pytest.approx(0.03 + PLAIN.broker_s)
    assert outcome.tasks_per_s == pytest.approx(1 / outcome.latency_s)
    assert outcome.bottleneck == "workers"


@pytest.mark.parametrize(
    ("changed", "rate", "bottleneck"),
    [
        ({"workers_each": 8, "cpus_each": 4}, 400.0, "cpus"),
        ({"workers_each": 8, "cpus_each": 4, "gil_s": 0.01}, 100.0, "gil"),
        ({"machines": 50, "broker_s": 0.001}, 1000.0, "broker"),
        ({"machines": 50, "caller_s": 0.002}, 499.8, "caller"),
        ({"machines": 50, "rtt_s": 0.002}, 494.8, "caller"),
    ],
)
def test_the_busiest_part_sets_the_pace(changed: dict[str, float], rate: float, bottleneck: str) -> None:
    outcome = replace(PLAIN, **changed).outcome()  # type: ignore[arg-type]
    assert outcome.tasks_per_s == pytest.approx(rate, rel=1e-3)
    assert outcome.bottleneck == bottleneck


def test_who_holds_the_gil_needs_a_cpu_too() -> None:
    """Two CPUs, and calls that are on one all the time, half of it with the GIL: no more than two of them run."""
    threads = replace(FED, workers_each=32, cpus_each=2, gil_s=0.005)
    assert threads.outcome().tasks_per_s == pytest.approx(2 / 0.01)


def test_ten_thousand_workers_that_nothing_holds_up_do_ten_thousand_times_as_much_as_one() -> None:
    many = replace(FED, machines=2_500, workers_each=4, cpus_each=4, wait_s=1.0)
    one = replace(many, machines=1, workers_each=1)
    assert many.outcome().tasks_per_s == pytest.approx(10_000 * one.outcome().tasks_per_s)
    assert many.outcome().latency_s == pytest.approx(1.01)


# -- exact ------------------------------------------------------------------------------------------------------------


def repairman(workers: int, service_s: float, think_s: float) -> float:
    """Throughput of the M/M/1//N queue from its birth-death balance (Kleinrock, Queueing Systems I, 3.8)."""
    logs = list(itertools.accumulate(math.log((workers - n + 1) * service_s / think_s) for n in range(1, workers + 1)))
    weights = np.exp(np.array([0.0, *logs]) - max(0.0, *logs))
    return float(weights[1:].sum() / weights.sum()) / service_s


@pytest.mark.parametrize("machines", [1, 2, 30, 1_000, 10_000])
@pytest.mark.parametrize("broker_s", [1e-7, 1e-5, 1e-4, 1e-2, 1.0])
def test_machines_of_one_worker_match_the_machine_repairman(machines: int, broker_s: float) -> None:
    outcome = replace(FED, machines=machines, broker_s=broker_s, wait_s=0.09).outcome()
    expected = min(repairman(machines, broker_s, 0.1), BROKER_VISITS / broker_s)
    assert outcome.tasks_per_s == pytest.approx(expected, rel=1e-9)


@given(cpus=st.integers(1, 4), workers=st.integers(1, 64), cpu_s=seconds, wait_s=seconds, broker_s=seconds)
@settings(deadline=None)
def test_one_machine_is_a_network_with_a_broker(
    cpus: int, workers: int, cpu_s: float, wait_s: float, broker_s: float
) -> None:
    own = [Station("cpus", cpu_s, cpus), Station("away", wait_s, math.inf)]
    shared = sharing(throughputs(own, workers), {workers: 1}, broker_s)
    assert shared == pytest.approx(throughputs([*own, Station("broker", broker_s)], workers)[-1], rel=1e-9)


def places(workers: int) -> Iterator[tuple[int, int]]:
    """How many workers of one machine are on its CPUs, and how many at the broker; the rest is away."""
    yield from ((computing, asking) for computing in range(workers + 1) for asking in range(workers + 1 - computing))


def by_markov_chain(sizes: tuple[int, ...], cpus: int, cpu_s: float, away_s: float, broker_s: float) -> float:
    """Throughput of machines with so many workers from the stationary distribution of the chain of all that each worker
    may do next, solved as a linear system without any product form. The broker serves all who ask alike."""
    states = list(itertools.product(*(places(size) for size in sizes)))
    number = {state: at for at, state in enumerate(states)}
    balance, served = np.zeros((len(states), len(states))), np.zeros(len(states))
    for state in states:
        asking_in_all = sum(asking for _, asking in state)
        for at, (size, (computing, asking)) in enumerate(zip(sizes, state, strict=True)):
            moves = [
                ((computing - 1, asking), min(computing, cpus) / cpu_s),
                ((computing, asking + 1), (size - computing - asking) / away_s),
                ((computing + 1, asking - 1), asking / asking_in_all / broker_s if asking else 0.0),
            ]
            served[number[state]] += moves[2][1]
            for place, rate in moves:
                if rate:
                    to = (*state[:at], place, *state[at + 1 :])
                    balance[number[to], number[state]] += rate
                    balance[number[state], number[state]] -= rate
    balance[-1] = 1.0  # one equation follows from the others: instead, the probabilities sum to one
    return float(served @ np.linalg.solve(balance, np.eye(len(states))[-1]))


@given(
    sizes=st.sampled_from([(1, 1), (2, 2), (1, 2), (3, 2), (1, 1, 1), (2, 2, 1)]),
    cpus=st.integers(1, 2),
    cpu_s=seconds,
    wait_s=seconds,
    broker_s=seconds,
)
@settings(max_examples=40, deadline=None)
def test_machines_that_share_a_broker_match_the_markov_chain(
    sizes: tuple[int, ...], cpus: int, cpu_s: float, wait_s: float, broker_s: float
) -> None:
    rates = throughputs([Station("cpus", cpu_s, cpus), Station("away", wait_s, math.inf)], max(sizes))
    found = sharing(rates, {size: sizes.count(size) for size in sizes}, broker_s)
    assert found == pytest.approx(by_markov_chain(sizes, cpus, cpu_s, wait_s, broker_s), rel=1e-7)


# -- laws -------------------------------------------------------------------------------------------------------------

fleets = st.builds(
    Fleet,
    machines=st.integers(1, 300),
    workers_each=st.integers(1, 12),
    cpus_each=st.integers(1, 4),
    caller_s=seconds,
    broker_s=seconds,
    cpu_s=seconds,
    wait_s=seconds,
    gil_s=st.sampled_from([0.0, 1e-5]),
    rtt_s=st.sampled_from([0.0, 0.001]),
)


@settings(max_examples=60, deadline=None)
@given(fleets)
def test_no_law_is_broken(fleet: Fleet) -> None:
    """The bounds of operational analysis (Denning & Buzen 1978), and Little's law."""
    outcome = fleet.outcome()
    cycle_s = fleet.cpu_s + fleet.wait_s + fleet.broker_s + 2 * fleet.rtt_s
    bounds = {
        "caller": 1 / (fleet.caller_s + fleet.rtt_s),
        "broker": 1 / fleet.broker_s,
        "cpus": fleet.machines * fleet.cpus_each / fleet.cpu_s,
        "gil": fleet.machines / fleet.gil_s if fleet.gil_s else math.inf,
        "workers": fleet.workers / cycle_s,
    }
    assert outcome.tasks_per_s <= min(bounds.values()) * (1 + 1e-9)
    assert outcome.latency_s >= cycle_s * (1 - 1e-9)
    assert outcome.tasks_per_s * outcome.latency_s <= fleet.workers * (1 + 1e-9)
    assert all(0 <= busy <= 1.0 + 1e-9 for busy in outcome.utilization.values())


@settings(max_examples=60, deadline=None)
@given(fleets, st.integers(1, 50))
def test_more_machines_do_no_less(fleet: Fleet, more: int) -> None:
    larger = replace(fleet, machines=fleet.machines + more)
    assert larger.outcome().tasks_per_s >= fleet.outcome().tasks_per_s * (1 - 1e-9)


@settings(max_examples=60, deadline=None)
@given(fleets, st.sampled_from(["caller_s", "broker_s", "cpu_s", "wait_s", "rtt_s"]), seconds)
def test_tasks_that_ask_for_more_are_not_done_faster(fleet: Fleet, part: str, more_s: float) -> None:
    slower = replace(fleet, **{part: getattr(fleet, part) + more_s})
    assert slower.outcome().tasks_per_s <= fleet.outcome().tasks_per_s * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(fleets)
def test_a_caller_that_is_slower_leaves_workers_idle_and_tasks_no_later(fleet: Fleet) -> None:
    hungry = replace(fleet, caller_s=2 / fleet.outcome().tasks_per_s)
    assert hungry.outcome().tasks_per_s < fleet.outcome().tasks_per_s
    assert hungry.outcome().latency_s <= fleet.outcome().latency_s * (1 + 1e-9)


def test_an_analysis_that_plans_no_fleet_takes_no_numpy() -> None:
    """It takes longer to import than all the rest of the parent, and more memory than some processes may have."""
    text = "import gilscope.queues.advice, sys; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout == "False\n"
