"""What the model expects on other machines."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope.decide.demands import call_s
from gilscope.decide.model import Model
from gilscope.decide.predictions import predictions
from gilscope.decide.traits import Machine
from gilscope.records import Demands, Kind, Prediction

from . import decide_builders as make

TWO = Machine(cpus=2.0, samples=1000, dispatch_s={"thread": 2e-5, "process": 2e-4, "asyncio": 5e-5})
PYTHON, NATIVE = make.demands(gil=0.01), make.demands(free=0.01)
WAITING = make.demands(gil=0.002, network=0.1)


def expected(demands: Demands, *cpus: float, gil: bool = True, kind: Kind = "sync") -> list[Prediction]:
    return list(predictions(Model(demands, TWO, kind, make.BACKENDS), [], cpus=cpus, gil=gil))


def best(found: list[Prediction]) -> Prediction:
    return max(found, key=lambda prediction: prediction.throughput_per_s)


def test_python_gains_from_cpus_in_processes_alone() -> None:
    found = {prediction.backend: prediction for prediction in expected(PYTHON, 16)}
    assert set(found) == {"thread", "process", "asyncio"}
    assert found["process"].throughput_per_s == pytest.approx(1600, rel=0.1)
    assert found["process"].workers == 16
    assert found["thread"].model_per_s == pytest.approx(100, rel=0.02)
    assert found["thread"].workers == 1


def test_native_code_gains_in_threads_too() -> None:
    assert {p.backend: round(p.throughput_per_s, -2) for p in expected(NATIVE, 4)}["thread"] == 400


def test_each_machine_is_answered_once_and_none_is_measured() -> None:
    found = expected(PYTHON, 4, 16, 4)
    assert sorted({(p.cpus, p.backend) for p in found}) == sorted((p.cpus, p.backend) for p in found)
    assert {p.cpus for p in found} == {4.0, 16.0}
    assert {p.measured_per_s for p in found} == {None}


def test_without_a_gil_threads_gain_what_processes_do() -> None:
    found = [prediction for prediction in expected(PYTHON, 16, gil=False) if not prediction.gil_enabled]
    assert {(p.cpus, p.backend) for p in found} == {(c, b) for c in (2.0, 16.0) for b in ("thread", "asyncio")}
    threads = {p.cpus: p for p in found if p.backend == "thread"}
    assert threads[2.0].throughput_per_s == pytest.approx(200, rel=0.05)
    assert threads[16.0].throughput_per_s == pytest.approx(1600, rel=0.1)


def test_a_machine_without_a_gil_is_not_predicted_to_lose_it() -> None:
    free = replace(TWO, gil_enabled=False)
    assert predictions(Model(PYTHON, free, backends=make.BACKENDS), [], gil=False) == ()


def test_processes_of_threads_are_named_where_they_win() -> None:
    """One GIL is not enough for the calls, and sixteen processes hold too few of them."""
    hybrid = best(expected(WAITING, 16))
    assert hybrid.backend == "process"
    assert hybrid.threads_per_process is not None
    assert hybrid.workers * hybrid.threads_per_process > 64
    assert hybrid.throughput_per_s > 1000


@pytest.mark.parametrize("demands", [PYTHON, NATIVE, make.demands(sleep=0.1)])
def test_processes_of_threads_are_not_named_where_either_does(demands: Demands) -> None:
    assert [p for p in expected(demands, 2, 4) if p.threads_per_process] == []


def test_coroutines_have_a_loop_instead_of_threads() -> None:
    found = expected(WAITING, 16, kind="coroutine")
    assert [p for p in found if p.threads_per_process] == []
    [loop] = [p for p in found if p.backend == "asyncio"]
    assert loop.workers > 32


def test_this_machine_is_predicted_as_it_is_anyway() -> None:
    [process] = [p for p in expected(PYTHON, 2) if p.backend == "process"]
    trial = make.trial("process", workers=process.workers)
    [same] = predictions(Model(PYTHON, TWO, backends=make.BACKENDS), [trial])
    assert process.throughput_per_s == pytest.approx(same.throughput_per_s, rel=0.05)  # but for the chunksize


def test_the_rounds_of_the_solo_run_give_the_interval() -> None:
    serial = make.trial("serial", throughput_per_s=100.0, throughput_low=90.0, throughput_high=110.0)
    found = predictions(Model(WAITING, TWO, backends=make.BACKENDS), [serial], cpus=[16])
    assert all(p.throughput_low is not None and p.throughput_high is not None for p in found)
    assert all((p.throughput_low or 0) < p.throughput_per_s < (p.throughput_high or 0) for p in found)


def test_a_call_that_asks_for_nothing_has_no_prediction() -> None:
    assert expected(make.demands(), 4, gil=False) == []


seconds = st.floats(1e-4, 0.1)


@given(st.builds(make.demands, gil=seconds, free=seconds, network=seconds))
@settings(max_examples=10)
def test_more_cpus_are_never_expected_to_do_less(demands: Demands) -> None:
    fastest = [best(expected(demands, cpus)).throughput_per_s for cpus in (2, 4, 16)]
    assert all(more >= 0.95 * less for less, more in itertools.pairwise(fastest))  # the knee is 5 % below
    assert fastest[0] <= 2 / demands.cpu_s
    assert call_s(demands) > 0
