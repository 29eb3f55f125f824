"""The capacity plan, from handmade trials."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from gilscope.queues.capacity.costs import costs_of, workers_that_fill
from gilscope.queues.capacity.plan import capacity
from gilscope.records import Demands, QueueFigures, Trial, Wanted

#: 10 ms of CPU with the GIL and 10 ms of waiting.
HALF = Demands(
    calls=100,
    wall_s=0.02,
    cpu_s=0.01,
    blocked_s=0.01,
    cpu_gil_s=0.01,
    cpu_free_s=0.0,
    gil_wait_s=0.0,
    runqueue_s=0.0,
    network_s=0.01,
    disk_s=0.0,
    sleep_s=0.0,
    lock_s=0.0,
    child_s=0.0,
    other_s=0.0,
)
QUEUE = QueueFigures(enqueue_s=2e-4, fetch_s=1e-4, broker_cpu_s=1e-4, tasks_per_s=1000.0)


def trial(backend: str, workers: int, per_s: float, **more: Any) -> Trial:
    return Trial(
        backend=backend,
        workers=workers,
        throughput_per_s=per_s,
        throughput_low=per_s * 0.95,
        throughput_high=per_s * 1.05,
        **more,
    )


TRIALS = (trial("serial", 1, 50.0), trial("thread", 4, 98.0), trial("rq", 2, 90.0, queue=QUEUE))


def wanted(per_s: float) -> Wanted:
    return Wanted(per_s=per_s, items=per_s * 600, within_s=600.0)


def test_this_machine_is_enough_when_its_slow_end_is() -> None:
    plan = capacity(wanted(80.0), HALF, TRIALS, [2])
    assert plan.local is not None
    assert (plan.local.configuration, plan.local.enough) == ("thread × 4", True)
    assert plan.local.takes_s == pytest.approx(48_000 / 98)
    assert plan.reason == "yes: thread × 4 on this machine does 98.0/s, all 48,000 in 8.16 min"


def test_within_the_noise_it_cannot_be_told() -> None:
    plan = capacity(wanted(98.0), HALF, TRIALS, [2])
    assert plan.local is not None
    assert plan.local.enough is None
    assert plan.reason.startswith("cannot tell within the noise: ")


def test_without_a_queue_measured_it_says_how_to_get_one() -> None:
    plan = capacity(wanted(1_000.0), HALF, TRIALS[:2], [2])
    assert plan.fleets == ()
    assert plan.reason.endswith("to plan with more machines, measure a task queue too: -b rq,celery,dask")


def test_so_many_machines_do_it_and_fewer_do_not() -> None:
    (fleet,) = capacity(wanted(2_000.0), HALF, TRIALS, [4]).fleets
    assert fleet.engine == "rq"
    assert fleet.machines is not None
    per_machine = 4 / 0.011  # CPUs over CPU seconds, with something for the engine
    assert 2_000 / (4 / 0.01) <= fleet.machines <= 2_000 / per_machine * 1.5
    assert fleet.throughput_per_s is not None
    assert fleet.throughput_per_s >= 2_000
    assert fleet.machines_low is not None
    assert fleet.machines_high is not None
    assert fleet.machines_low <= fleet.machines <= fleet.machines_high
    assert 4 <= fleet.workers_each <= 12
    (point,) = (point for point in fleet.curve if point.machines == 3)
    (three,) = capacity(wanted(point.throughput_per_s), HALF, TRIALS, [4]).fleets
    (four,) = capacity(wanted(point.throughput_per_s * 1.001), HALF, TRIALS, [4]).fleets
    assert (three.batch, three.machines, four.machines) == (fleet.batch, 3, 4)


def test_tasks_are_batched_until_the_queue_keeps_up() -> None:
    (slow,) = capacity(wanted(200.0), HALF, TRIALS, [2]).fleets
    (fast,) = capacity(wanted(100_000.0), HALF, TRIALS, [2], most_workers=1_000).fleets
    assert fast.reason is not None
    assert slow.batch < fast.batch
    assert fast.batch >= 100_000 * 3e-4  # the caller's time for a task


def test_more_than_ten_thousand_workers_are_not_planned() -> None:
    plan = capacity(wanted(10_000_000.0), HALF, TRIALS, [2])
    (fleet,) = plan.fleets
    assert fleet.machines is None
    assert fleet.reason is not None
    assert "where 10.0M/s are wanted" in fleet.reason
    assert fleet.curve[-1].workers <= 10_000
    assert "no fleet does either" in plan.reason


def test_the_curve_rises_until_its_bottleneck() -> None:
    (fleet,) = capacity(wanted(200.0), HALF, TRIALS, [2], rtt_s=0.02).fleets
    rates = [point.throughput_per_s for point in fleet.curve]
    assert all(later >= earlier for earlier, later in pairwise(rates))
    assert fleet.curve[-1].bottleneck in ("caller", "broker")
    assert fleet.saturated == "caller"
    assert fleet.saturates_at_workers is not None
    before = [point for point in fleet.curve if point.workers < fleet.saturates_at_workers / 2]
    assert all(point.bottleneck in ("workers", "cpus") for point in before)


def test_calls_that_pickling_eats_up_pay_in_no_batch() -> None:
    short = Demands(calls=100, wall_s=1e-5, cpu_s=1e-5, blocked_s=0.0, runqueue_s=0.0)
    trials = (trial("serial", 1, 100_000.0), trial("rq", 2, 500.0, queue=QUEUE, pickle_s=3e-5))
    (fleet,) = capacity(wanted(1e6), short, trials, [2]).fleets
    assert fleet.pays_from_batch is None
    light = (trials[0], trial("rq", 2, 500.0, queue=QUEUE, pickle_s=1e-6))
    (fleet,) = capacity(wanted(1e6), short, light, [2]).fleets
    assert fleet.pays_from_batch == 32  # 0.3 ms a task over 9.5 µs a call


def test_threads_of_one_process_share_their_gil() -> None:
    trials = (*TRIALS[:2], trial("celery-threads", 2, 90.0, queue=QUEUE))
    (fleet,) = capacity(wanted(2_000.0), HALF, trials, [4]).fleets
    assert fleet.machines is not None
    assert fleet.machines >= 20  # at most 100 calls a second each


def test_an_engine_is_what_its_trial_showed() -> None:
    costs = costs_of("rq", TRIALS, HALF)
    assert costs is not None
    assert costs.overhead_s == pytest.approx(2 / 1000 - 1e-4)
    assert costs_of("dask", TRIALS, HALF) is None
    assert workers_that_fill(costs, HALF, cpus=4, batch=1000) == 8
    waits = Demands(calls=1, wall_s=1.0, cpu_s=0.0, blocked_s=1.0, sleep_s=1.0)
    assert workers_that_fill(costs, waits, cpus=4, batch=1000) == 64
