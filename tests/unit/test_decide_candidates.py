from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.configuration import Configuration
from gilscope.decide.candidates import MAX_WORKERS, candidates, grid, knee, most_workers
from gilscope.decide.model import Model
from gilscope.decide.rounds import MIN_ROUND_S, ROUNDS, TARGET_ROUND_S, calls_per_round, chunksize, round_s
from gilscope.decide.traits import Machine
from gilscope.options import Options

from . import decide_builders as make

if TYPE_CHECKING:
    from gilscope.records import Demands, Kind

TWO = Machine(cpus=2, samples=500, dispatch_s={"thread": 20e-6, "process": 200e-6})
PYTHON, NATIVE = make.demands(gil=0.01), make.demands(free=0.01)
NETWORK = make.demands(gil=0.0005, network=0.05)


def model_of(demands: Demands, machine: Machine = TWO, kind: Kind = "sync") -> Model:
    return Model(demands, machine, kind, make.BACKENDS)


def planned(
    demands: Demands, machine: Machine = TWO, kind: Kind = "sync", options: Options | None = None
) -> list[Configuration]:
    return candidates(model_of(demands, machine, kind), make.BACKENDS, options or Options())


def workers(plans: list[Configuration]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for plan in plans:
        found.setdefault(plan.backend, []).append(plan.workers)
    return found


def test_python_compute_is_planned_at_the_cpus() -> None:
    assert workers(planned(PYTHON)) == {"serial": [1], "thread": [2], "process": [2], "asyncio": [2]}


def test_many_cpus_are_measured_at_half_of_them_too() -> None:
    assert workers(planned(PYTHON, replace(TWO, cpus=16)))["process"] == [8, 16]


def test_threads_that_compute_without_the_gil_are_planned_at_the_cpus_however_many() -> None:
    nearly = make.demands(gil=0.0002, free=0.004)
    assert knee(model_of(nearly, sixteen := replace(TWO, cpus=16)), "thread", 32) == 18
    assert workers(planned(nearly, sixteen))["thread"] == [16]


def test_waiting_is_planned_at_the_knee() -> None:
    assert workers(planned(NETWORK)) == {"serial": [1], "thread": [64], "process": [4], "asyncio": [64]}


def test_coroutines_are_planned_wide() -> None:
    found = workers(planned(make.demands(gil=20e-6, network=0.05), kind="coroutine"))
    assert found["asyncio"][0] > MAX_WORKERS["thread"]


def test_the_user_may_bound_the_workers() -> None:
    plans = planned(NETWORK, options=Options(max_workers=3))
    assert workers(plans) == {"serial": [1], "thread": [3], "process": [3], "asyncio": [3]}


def test_what_computes_is_not_planned_beyond_the_cpus() -> None:
    assert most_workers(model_of(PYTHON), "process") == 2
    assert workers(planned(NATIVE))["thread"] == workers(planned(PYTHON))["thread"] == [2]


def test_what_computes_with_the_gil_and_without_gets_threads_for_both() -> None:
    assert workers(planned(make.demands(gil=0.005, free=0.005)))["thread"] == [4]
    assert most_workers(model_of(NETWORK), "thread") == MAX_WORKERS["thread"]


def test_an_exhaustive_plan_is_the_grid() -> None:
    plans = planned(PYTHON, options=Options(exhaustive=True))
    found = workers(plans)
    assert found["thread"] == [2, 4, 8, 16, 32, 64]
    assert found["process"] == [2, 4, 8, 16]
    assert grid("loop", TWO, 1024) == (2, 8, 32, 128, 512, 1024)
    assert grid("thread", TWO, 1) == (2,)


@pytest.mark.parametrize("cpus", [0.5, 1.0])
def test_one_cpu_gets_one_process_and_threads_for_what_waits(cpus: float) -> None:
    machine = replace(TWO, cpus=cpus)
    assert workers(planned(PYTHON, machine))["process"] == [1]
    assert workers(planned(NETWORK, machine))["thread"] == [64]


def test_what_was_asked_is_what_is_planned() -> None:
    plans = planned(PYTHON, options=Options(workers=(4, 1, 4), chunksize=7, start_method="fork"))
    assert Configuration("process", 4, 7, "fork") in plans
    assert Configuration("thread", 1) in plans
    assert workers(plans)["serial"] == [1]


def test_processes_start_by_spawn_unless_asked_and_get_chunks_for_short_calls() -> None:
    [plan] = [plan for plan in planned(PYTHON) if plan.backend == "process"]
    assert plan.start_method == "spawn"
    assert chunksize(50e-6, None, 2, 200e-6) == 200


@given(
    gil=st.floats(0, 0.1),
    free=st.floats(0, 0.1),
    network=st.floats(0, 1),
    cpus=st.sampled_from([0.5, 1, 2, 2.5, 4, 8, 64]),
    kind=st.sampled_from(["sync", "coroutine", "generator", "async-generator"]),
)
def test_an_unasked_plan_is_small_and_without_repetitions(
    gil: float, free: float, network: float, cpus: float, kind: Kind
) -> None:
    plans = planned(make.demands(gil=gil, free=free, network=network), replace(TWO, cpus=cpus), kind)
    assert len(plans) == len(set(plans)) <= 5
    assert {plan.backend for plan in plans} == set(make.BACKENDS)
    assert all(plan.workers >= 1 and plan.chunksize >= 1 for plan in plans)


def test_the_knee_of_python_is_one_thread_and_of_a_wait_where_the_gil_is_full() -> None:
    assert knee(model_of(PYTHON), "thread", 64) == 1
    balanced = make.demands(gil=0.01, network=0.03)
    assert 4 <= knee(model_of(balanced), "thread", 64) <= 8
    assert knee(model_of(make.demands(), Machine(cpus=2)), "thread", 64) == 1


def test_chunks_are_bounded_by_balance() -> None:
    assert chunksize(1.0, 1000, 4, 200e-6) == 1
    assert chunksize(1e-6, 1000, 4, 200e-6) == 1000 // 16
    assert chunksize(1e-6, 3, 4, 200e-6) == 1
    assert chunksize(0.0, 10, 2, 200e-6) == 1


def test_calls_fill_a_round_at_the_expected_speed() -> None:
    assert calls_per_round(0.001, 0.25, speedup=2.0, workers=2, input_count=1) == 500
    assert calls_per_round(0.001, 0.25, speedup=1.0, workers=1, input_count=60) == 240  # four whole passes
    assert calls_per_round(0.001, 0.25, speedup=1.0, workers=1, input_count=1000) == 250


def test_long_calls_get_one_for_each_worker_and_more_where_affordable() -> None:
    assert calls_per_round(1.0, 0.25, speedup=4.0, workers=4, input_count=1) == 4
    assert calls_per_round(0.2, 0.25, speedup=4.0, workers=4, input_count=1) == 8
    assert calls_per_round(0.05, 0.25, speedup=4.0, workers=4, input_count=1) == 20
    assert calls_per_round(0.1, 0.25, speedup=4.0, workers=4, input_count=1) == 12


def test_rounds_are_of_whole_waves() -> None:
    """368 calls on 256 workers would take two waves and count as 1.44."""
    assert calls_per_round(0.1, 0.144, speedup=256.0, workers=256, input_count=1) == 512
    assert calls_per_round(0.001, 0.1, speedup=3.1, workers=4, input_count=1, chunksize=10) == 320
    assert calls_per_round(1.0, 0.25, speedup=64.0, workers=64, input_count=6) == 64, "not eleven passes"
    assert calls_per_round(0.1, 0.12, speedup=64.0, workers=64, input_count=100) == 128, "one pass is no two waves"
    assert calls_per_round(0.1, 0.12, speedup=64.0, workers=64, input_count=130) == 130


def test_few_calls_are_divided_into_whole_waves_as_far_as_there_are_any() -> None:
    assert calls_per_round(0.001, 0.12, speedup=4.0, workers=4, input_count=1, max_calls=43) == 40
    assert calls_per_round(0.001, 0.12, speedup=4.0, workers=4, input_count=1, max_calls=3) == 3
    assert calls_per_round(0.001, 0.12, speedup=4.0, workers=4, input_count=1, chunksize=10, max_calls=39) == 36


@given(
    call_s=st.floats(1e-7, 100),
    round_s=st.floats(0.05, 1),
    speedup=st.floats(0.1, 64),
    workers=st.integers(1, 64),
    input_count=st.integers(0, 1000),
    max_calls=st.none() | st.integers(1, 10_000),
)
def test_calls_respect_the_cap_and_whole_passes(
    call_s: float, round_s: float, speedup: float, workers: int, input_count: int, max_calls: int | None
) -> None:
    calls = calls_per_round(
        call_s, round_s, speedup=speedup, workers=workers, input_count=input_count, max_calls=max_calls
    )
    assert calls >= 1
    assert max_calls is None or calls <= max_calls
    passes = bool(input_count) and calls % input_count == 0
    assert passes or calls % workers == 0 or calls < workers, "whole waves, or whole passes"


@given(st.floats(-1, 600), st.integers(1, 20))
def test_a_round_is_as_long_as_the_budget_allows(budget_s: float, configurations: int) -> None:
    length_s = round_s(budget_s, configurations)
    assert MIN_ROUND_S <= length_s <= TARGET_ROUND_S
    assert length_s == MIN_ROUND_S or ROUNDS * configurations * length_s <= budget_s * (1 + 1e-9)
