"""The discrete-event model against the laws that any such system obeys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope.queues.capacity.events import Clock, Pause, Process, Resource, Use
from gilscope.queues.capacity.simulate import BROKER_VISITS, Fleet, simulate

PLAIN = Fleet(
    machines=1, workers_each=1, cpus_each=1, enqueue_s=1e-5, fetch_s=1e-5, broker_s=3e-6, cpu_s=0.01, wait_s=0.0
)
seconds = st.floats(min_value=1e-5, max_value=0.1)


def test_processes_run_in_the_order_of_time() -> None:
    told: list[tuple[str, float]] = []
    clock, one = Clock(), Resource(1)

    def user(name: str, first_s: float, use_s: float) -> Process:
        yield Pause(first_s)
        yield Use((one,), use_s)
        told.append((name, clock.now_s))

    for name, first_s, use_s in (("late", 2.0, 1.0), ("early", 1.0, 3.0), ("last", 2.5, 1.0)):
        clock.start(user(name, first_s, use_s))
    clock.run()
    assert told == [("early", 4.0), ("late", 5.0), ("last", 6.0)]
    assert one.busy_s == 5.0
    assert one.free == 1


def test_who_needs_two_resources_waits_for_both() -> None:
    told: list[float] = []
    clock, lock, cpu = Clock(), Resource(1), Resource(1)

    def user(*resources: Resource) -> Process:
        yield Use(resources, 1.0)
        told.append(clock.now_s)

    for resources in ((cpu,), (lock, cpu), (lock,)):
        clock.start(user(*resources))
    clock.run()
    assert told == [1.0, 2.0, 3.0]  # the second keeps the lock while it waits for the CPU


def test_a_process_that_waits_for_ever_ends_nothing() -> None:
    clock, none = Clock(), Resource(0)

    def user() -> Process:
        yield Use((none,), 1.0)

    clock.start(user())
    clock.run()
    assert clock.now_s == 0.0


def test_one_worker_does_one_task_after_the_other() -> None:
    outcome = simulate(replace(PLAIN, wait_s=0.02))
    expected = 0.03 + 2 * PLAIN.broker_s / BROKER_VISITS
    assert outcome.latency_s == pytest.approx(expected, rel=1e-6)
    assert outcome.tasks_per_s == pytest.approx(1 / expected, rel=1e-3)
    assert outcome.bottleneck == "workers"


@pytest.mark.parametrize(
    ("changed", "rate", "bottleneck"),
    [
        ({"workers_each": 8, "cpus_each": 4}, 400.0, "cpus"),
        ({"workers_each": 8, "cpus_each": 4, "gil_s": 0.01}, 100.0, "gil"),
        ({"machines": 50, "broker_s": 0.001}, 1000.0, "broker"),
        ({"machines": 50, "enqueue_s": 0.002}, 498.0, "caller"),
        ({"machines": 50, "rtt_s": 0.002}, 495.0, "caller"),
    ],
)
def test_the_busiest_part_sets_the_pace(changed: dict[str, float], rate: float, bottleneck: str) -> None:
    outcome = simulate(replace(PLAIN, **changed))  # type: ignore[arg-type]
    assert outcome.tasks_per_s == pytest.approx(rate, rel=0.03)
    assert outcome.bottleneck == bottleneck


def test_on_one_machine_everything_shares_its_cpus() -> None:
    apart = replace(PLAIN, enqueue_s=0.005, workers_each=2, cpus_each=1)
    assert simulate(apart).tasks_per_s == pytest.approx(100, rel=0.03)
    assert simulate(replace(apart, together=True)).tasks_per_s < 90


@settings(max_examples=25, deadline=None)
@given(
    machines=st.integers(1, 4),
    workers=st.integers(1, 6),
    cpus=st.integers(1, 4),
    enqueue_s=seconds,
    broker_s=seconds,
    cpu_s=seconds,
    wait_s=seconds,
    rtt_s=st.sampled_from([0.0, 0.001]),
)
def test_no_law_is_broken(
    machines: int, workers: int, cpus: int, enqueue_s: float, broker_s: float, cpu_s: float, wait_s: float, rtt_s: float
) -> None:
    """The bounds of operational analysis (Denning & Buzen 1978), and Little's law."""
    fleet = Fleet(machines, workers, cpus, enqueue_s, 0.0, broker_s, cpu_s, wait_s, rtt_s=rtt_s)
    outcome = simulate(fleet, tasks=300)
    cycle_s = cpu_s + wait_s + 2 * (broker_s / BROKER_VISITS + rtt_s)
    bounds = (1 / (enqueue_s + rtt_s), 1 / broker_s, machines * cpus / cpu_s, fleet.workers / cycle_s)
    assert outcome.tasks_per_s <= min(bounds) * 1.1  # of a window of 180 tasks
    assert outcome.latency_s >= cycle_s * 0.999
    assert outcome.tasks_per_s * outcome.latency_s <= fleet.workers * 1.1
    assert all(0 <= busy <= 1.0 + 1e-9 for busy in outcome.utilization.values())


def test_the_same_seed_gives_the_same_outcome() -> None:
    fleet = replace(PLAIN, machines=3, factors=(0.5, 1.0, 1.5))
    assert simulate(fleet, seed=1) == simulate(fleet, seed=1) != simulate(fleet, seed=2)


def test_ten_thousand_workers_are_simulated() -> None:
    outcome = simulate(replace(PLAIN, machines=2_500, workers_each=4, cpus_each=4, wait_s=1.0))
    assert outcome.tasks_per_s == pytest.approx(9_900, rel=0.15)
