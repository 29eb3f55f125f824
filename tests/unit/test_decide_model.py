"""What the model expects of configurations, from handmade demands."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.demands import call_s
from gilscope.decide.model import Model, fewest_near_best
from gilscope.decide.mva import Station
from gilscope.decide.predictions import here
from gilscope.decide.traits import Machine, Shape
from gilscope.records import Demands, Kind, Prediction, Trial

from . import decide_builders as make

PYTHON, NATIVE = make.demands(gil=0.01), make.demands(free=0.01)
FOUR = Machine(cpus=4.0, samples=1000)


def expected(backend: str, demands: Demands, machine: Machine, workers: int, kind: Kind = "sync") -> Prediction:
    trial = make.trial(backend, workers=workers)
    [found] = here(Model(demands, machine, kind, make.BACKENDS), [trial])
    return found


def assert_expected(found: Prediction, throughput_per_s: float, bottleneck: str) -> None:
    assert found.throughput_per_s == pytest.approx(throughput_per_s, rel=0.01)
    assert found.bottleneck == bottleneck


def test_python_threads_gain_nothing_and_processes_all() -> None:
    assert_expected(expected("thread", PYTHON, FOUR, 4), 100, "gil")
    assert_expected(expected("process", PYTHON, FOUR, 4), 400, "cpu")
    assert_expected(expected("thread", NATIVE, FOUR, 4), 400, "cpu")


def test_threads_without_a_gil_scale() -> None:
    assert expected("thread", PYTHON, Machine(cpus=4, gil_enabled=False), 4).throughput_per_s == pytest.approx(400)


def test_gil_and_native_work_together_use_no_more_cpus_than_there_are() -> None:
    demands = make.demands(gil=0.001, free=0.002)
    assert_expected(expected("thread", demands, Machine(cpus=2, samples=1000), 32), 2 / 0.003, "cpu")


def test_one_cpu_and_half_a_cpu() -> None:
    mixed = make.demands(gil=0.005, free=0.005)
    assert expected("thread", mixed, Machine(cpus=1), 8).throughput_per_s == pytest.approx(100)
    assert expected("process", mixed, Machine(cpus=0.5), 8).throughput_per_s == pytest.approx(50)


def test_coroutines_share_one_loop_and_plain_functions_are_offloaded() -> None:
    demands = make.demands(gil=0.001, free=0.001, network=0.05)
    assert_expected(expected("asyncio", demands, FOUR, 500, "coroutine"), 500, "loop")
    offloaded, threads = (expected(name, demands, FOUR, 8) for name in ("asyncio", "thread"))
    assert offloaded.throughput_per_s == threads.throughput_per_s


def test_pickling_in_the_parent_limits_processes() -> None:
    assert_expected(expected("process", PYTHON, Machine(cpus=64, pickle_s=0.01), 64), 200, "pickling")


def test_chunks_divide_the_dispatch() -> None:
    machine = Machine(cpus=64, dispatch_s={"process": 0.001})
    model = Model(PYTHON, machine)
    one, ten = (model.rates(model.stations("process", "process", size), 64)[-1] for size in (1, 10))
    assert one == pytest.approx(1000, rel=0.01)
    assert ten > 4 * one


def test_own_threads_and_children_use_cpus_too() -> None:
    demands = make.demands(gil=0.001, child=0.1, children_cpu_s=0.1)
    assert expected("thread", demands, FOUR, 32).throughput_per_s == pytest.approx(4 / 0.101)


def test_an_unknown_split_gives_the_whole_range() -> None:
    assert Model(make.undivided(cpu=0.01, blocked=0.0), replace(FOUR, samples=100)).gil_shares == (0.0, 1.0, 1.0)
    trial = make.trial("thread", workers=4, throughput_per_s=390.0)
    unknown = make.undivided(cpu=0.01, blocked=0.0)
    [found] = predicted(unknown, trial)
    assert found.throughput_low == pytest.approx(100)
    assert found.throughput_high == pytest.approx(400)
    assert found.measured_per_s == 390.0


def test_the_share_of_the_gil_narrows_with_samples() -> None:
    half = make.demands(gil=0.005, free=0.005)
    assert Model(half, replace(FOUR, samples=100)).gil_shares == pytest.approx((0.418, 0.5, 0.582), abs=0.001)


def test_a_call_that_asks_for_nothing_has_no_prediction() -> None:
    assert predicted(make.demands(), make.trial("thread")) == []


def test_backends_unknown_to_the_model_are_left_out() -> None:
    assert predicted(PYTHON, make.trial("celery")) == []


# -- what a call visits -----------------------------------------------------------------------------------------------


def demand_of(stations: list[Station], name: str) -> float:
    return sum(station.demand_s for station in stations if station.name == name)


def test_threads_hand_over_with_the_gil() -> None:
    machine = Machine(cpus=4, dispatch_s={"thread": 0.001})
    stations = Model(PYTHON, machine).stations("thread", "thread")
    assert demand_of(stations, "gil") == pytest.approx(0.011)
    free = Model(PYTHON, replace(machine, gil_enabled=False)).stations("thread", "thread")
    assert demand_of(free, "gil") == 0
    assert [station.name for station in free if station.ahead] == ["dispatch"]


def test_a_driver_that_waits_with_the_gil_keeps_the_others_waiting() -> None:
    demands = make.demands(gil=0.001, network=0.01, gil_held_off_cpu_s=0.009)
    stations = Model(demands, FOUR).stations("thread", "thread")
    assert (demand_of(stations, "gil"), demand_of(stations, "delay")) == pytest.approx((0.01, 0.001))
    assert Model(demands, FOUR).rates(stations, 64)[-1] == pytest.approx(100, rel=0.01)


def test_a_coroutine_that_reads_files_blocks_its_loop() -> None:
    demands = make.demands(gil=0.001, network=0.01, disk=0.004)
    stations = Model(demands, Machine(cpus=4, dispatch_s={"asyncio": 0.0005})).stations("loop", "asyncio")
    assert (demand_of(stations, "loop"), demand_of(stations, "delay")) == pytest.approx((0.0055, 0.01))


def test_the_parent_does_its_part_of_the_pickling_and_all_of_the_handing_over() -> None:
    machine = Machine(cpus=8, dispatch_s={"process": 0.001}, pickle_s=0.01, pickle_parent_share=0.8)
    stations = Model(PYTHON, machine).stations("process", "process", 10)
    assert demand_of(stations, "pickling") == pytest.approx(0.0081)
    assert demand_of(stations, "cpu") == pytest.approx(0.01 + 0.0001 + 0.002)
    assert Model(PYTHON, machine).rates(stations, 64)[-1] == pytest.approx(1 / 0.0081, rel=0.001)


def test_the_parent_works_ahead_of_the_workers() -> None:
    """Its part does not add to a call, as long as it is shorter."""
    machine = Machine(cpus=4, dispatch_s={"process": 0.001})
    waiting = make.demands(sleep=0.02)
    stations = Model(waiting, machine).stations("process", "process")
    assert Model(waiting, machine).rates(stations, 2)[-1] == pytest.approx(2 / 0.021, rel=0.001)


def test_the_parent_needs_a_cpu_too() -> None:
    machine = Machine(cpus=2, dispatch_s={"process": 0.005})
    stations = Model(PYTHON, machine).stations("process", "process")
    assert Model(PYTHON, machine).rates(stations, 8)[-1] == pytest.approx(2 / 0.02)


# -- the solo run's own throughput, and the interval ------------------------------------------------------------------


def predicted(demands: Demands, *trials: Trial, machine: Machine = FOUR) -> list[Prediction]:
    """By the model alone."""
    return here(Model(demands, machine, backends=make.BACKENDS).calibrated(trials), trials)


def test_the_clean_rounds_tell_how_long_a_call_is() -> None:
    serial = make.trial("serial", throughput_per_s=200.0)
    [found] = predicted(NATIVE, serial, make.trial("thread", workers=4))
    assert found.throughput_per_s == pytest.approx(800)
    assert call_s(Model(NATIVE, FOUR).calibrated([serial]).demands) == pytest.approx(0.005)


def test_the_solo_run_is_not_predicted_from_itself() -> None:
    assert predicted(NATIVE, make.trial("serial", throughput_per_s=100.0)) == []


def test_the_spread_of_the_rounds_is_the_interval() -> None:
    serial = make.trial("serial", throughput_per_s=100.0, throughput_low=90.0, throughput_high=120.0)
    for backend in ("thread", "process", "asyncio"):
        [found] = predicted(NATIVE, serial, make.trial(backend, workers=4))
        assert (found.throughput_low, found.throughput_high) == pytest.approx((360, 480))


def test_one_round_says_nothing_of_the_noise() -> None:
    [found] = predicted(NATIVE, make.trial("serial", throughput_per_s=100.0), make.trial("process", workers=4))
    assert (found.throughput_low, found.throughput_high) == (None, None)


def test_both_doubts_together_are_wider_than_either() -> None:
    half = make.demands(gil=0.005, free=0.005)
    serial = make.trial("serial", throughput_per_s=100.0, throughput_low=95.0, throughput_high=105.0)
    few = replace(FOUR, samples=50)
    [by_share] = predicted(
        half, make.trial("serial", throughput_per_s=100.0), make.trial("thread", workers=8), machine=few
    )
    [by_both] = predicted(half, serial, make.trial("thread", workers=8), machine=few)
    assert by_share.throughput_low is not None
    assert by_both.throughput_low is not None
    assert by_both.throughput_low < min(by_share.throughput_low, 0.95 * by_both.throughput_per_s)
    assert by_both.throughput_low > by_share.throughput_low * 0.95


def test_the_knee_is_the_fewest_workers_near_the_best() -> None:
    assert fewest_near_best([1.0, 2.0, 2.9, 3.0, 2.5]) == 3


# -- laws -------------------------------------------------------------------------------------------------------------

seconds = st.floats(1e-5, 0.1).map(lambda value: round(value, 8))
calls = st.builds(make.demands, gil=seconds, free=seconds, network=seconds)
machines = st.builds(
    Machine,
    cpus=st.sampled_from([0.5, 1.0, 2.0, 2.5, 8.0]),
    gil_enabled=st.booleans(),
    dispatch_s=st.fixed_dictionaries({"pool": st.floats(0, 0.01)}),
    pickle_s=st.floats(0, 0.01),
)
shapes = st.sampled_from(["serial", "thread", "process", "loop"])


def rates(shape: Shape, demands: Demands, machine: Machine, workers: int = 12) -> list[float]:
    model = Model(demands, machine)
    return model.rates(model.stations(shape, "pool", gil_share=0.5), workers)


@given(shapes, calls, machines)
def test_nothing_exceeds_the_cpus_or_the_workers(shape: Shape, demands: Demands, machine: Machine) -> None:
    for count, rate in enumerate(rates(shape, demands, machine), start=1):
        assert rate <= machine.cpus / demands.cpu_s * (1 + 1e-9)
        assert rate <= count / call_s(demands) * (1 + 1e-9)


@given(shapes, calls, machines)
def test_more_workers_are_never_expected_to_do_less(shape: Shape, demands: Demands, machine: Machine) -> None:
    found = rates(shape, demands, machine)
    assert all(more >= less * (1 - 1e-9) for less, more in itertools.pairwise(found))


@given(shapes, calls, machines, st.sampled_from(["gil", "free", "network"]), seconds)
def test_whoever_asks_for_more_gets_less(
    shape: Shape, demands: Demands, machine: Machine, what: str, extra_s: float
) -> None:
    asked = {"gil": demands.cpu_gil_s, "free": demands.cpu_free_s, "network": demands.network_s}
    dearer = make.demands(**(asked | {what: (asked[what] or 0.0) + extra_s}))  # type: ignore[arg-type]
    for less, more in zip(rates(shape, dearer, machine), rates(shape, demands, machine), strict=True):
        assert less <= more * (1 + 1e-9)


@given(shapes, calls, st.booleans())
def test_one_worker_without_overhead_is_the_serial_run(shape: Shape, demands: Demands, gil_enabled: bool) -> None:
    machine = Machine(cpus=4, gil_enabled=gil_enabled)
    assert rates(shape, demands, machine, 1) == pytest.approx([1 / call_s(demands)])
