from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.facts import Machine
from gilscope.decide.mva import Station, bottleneck, throughputs
from gilscope.decide.predict import curve, gil_share_range, predictions, stations_for

from . import decide_builders as make

if TYPE_CHECKING:
    from gilscope.records import Demands, Kind, Prediction


def machine_repairman(workers: int, servers: int, service_s: float, think_s: float) -> float:
    """Throughput of the M/M/m//N queue from its birth-death balance: p(n) ∝ Π (N − i) / (Z · μ(i + 1))
    (Kleinrock, Queueing Systems I, 3.8)."""
    weights = [1.0]
    for n in range(1, workers + 1):
        arrival, service = (workers - n + 1) / think_s, min(n, servers) / service_s
        weights.append(weights[-1] * arrival / service)
    busy = sum(min(n, servers) * weight for n, weight in enumerate(weights)) / sum(weights)
    return busy / service_s


@pytest.mark.parametrize("servers", [1, 2, 3, 7])
@pytest.mark.parametrize("workers", [1, 2, 5, 20, 200])
def test_matches_the_machine_repairman(servers: int, workers: int) -> None:
    stations = [Station("cpu", 2.0, servers), Station("delay", 9.0, math.inf)]
    assert throughputs(stations, workers)[-1] == pytest.approx(machine_repairman(workers, servers, 2.0, 9.0))


def test_balanced_single_servers_match_the_closed_form() -> None:
    """K equal stations: X(N) = N / (D · (N + K − 1)) (Lazowska et al. 1984, 5.4)."""
    stations = [Station(str(k), 0.5) for k in range(3)]
    assert throughputs(stations, 10)[-1] == pytest.approx(10 / (0.5 * 12))


def test_two_multi_servers_match_the_product_form() -> None:
    """Two stations of two servers, summed over all states by hand."""
    workers, first, second = 4, 1.0, 0.7

    def weight(demand: float, present: int) -> float:
        return demand**present / math.prod(min(j, 2) for j in range(1, present + 1))

    def normalisation(n: int) -> float:
        return sum(weight(first, k) * weight(second, n - k) for k in range(n + 1))

    expected = normalisation(workers - 1) / normalisation(workers)
    assert throughputs([Station("a", first, 2), Station("b", second, 2)], workers)[-1] == pytest.approx(expected)


def test_half_a_cpu_serves_at_half_the_speed() -> None:
    assert throughputs([Station("cpu", 1.0, 0.5)], 3) == pytest.approx([0.5, 0.5, 0.5])
    assert throughputs([Station("cpu", 1.0, 2.5)], 4) == pytest.approx([1, 2, 2.5, 2.5])


def test_a_prediction_needs_a_demand() -> None:
    with pytest.raises(ValueError, match="demand"):
        throughputs([Station("cpu", 0.0)], 2)


demand = st.floats(0, 2).map(lambda seconds: round(seconds, 6))
networks = st.lists(
    st.builds(Station, st.just("s"), demand, st.sampled_from([0.5, 1.0, 1.5, 2.0, 4.0, math.inf])),
    min_size=1,
    max_size=4,
).filter(lambda stations: any(s.demand_s > 0 for s in stations))


@given(networks, st.integers(1, 40))
def test_throughput_keeps_to_its_bounds_and_grows_with_the_workers(stations: list[Station], workers: int) -> None:
    expected = throughputs(stations, workers)
    total = sum(s.demand_s / min(1.0, s.servers) for s in stations)
    ceiling = min((s.servers / s.demand_s for s in stations if s.demand_s > 0), default=math.inf)
    assert expected[0] == pytest.approx(1 / total)
    for count, value in enumerate(expected, start=1):
        assert value <= min(ceiling, count / total) * (1 + 1e-9)
    assert all(more >= less * (1 - 1e-9) for less, more in itertools.pairwise(expected))


@given(networks, st.integers(1, 20), st.floats(0.001, 1))
def test_throughput_falls_when_a_demand_grows(stations: list[Station], workers: int, extra: float) -> None:
    slower = [Station("s", stations[0].demand_s + extra, stations[0].servers), *stations[1:]]
    assert throughputs(slower, workers)[-1] <= throughputs(stations, workers)[-1] * (1 + 1e-9)


def test_the_bottleneck_is_the_busiest_station() -> None:
    stations = [Station("gil", 0.001), Station("delay", 0.01, math.inf)]
    assert bottleneck(stations, throughputs(stations, 4)[-1], 4) == "delay"
    assert bottleneck(stations, throughputs(stations, 40)[-1], 40) == "gil"


PYTHON, NATIVE = make.demands(gil=0.01), make.demands(free=0.01)
FOUR = Machine(cpus=4.0, samples=1000)


def expected(backend: str, demands: Demands, machine: Machine, workers: int, kind: Kind = "sync") -> Prediction:
    trial = make.trial(backend, workers=workers)
    [found] = predictions([trial], demands, machine, kind=kind, backends=make.BACKENDS)
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
    one, ten = (
        curve(stations_for("process", PYTHON, machine, backend="process", chunksize=size), PYTHON, machine, 64)[-1]
        for size in (1, 10)
    )
    assert one == pytest.approx(1000, rel=0.01)
    assert ten > 4 * one


def test_own_threads_and_children_use_cpus_too() -> None:
    demands = make.demands(gil=0.001, child=0.1, children_cpu_s=0.1)
    assert expected("thread", demands, FOUR, 32).throughput_per_s == pytest.approx(4 / 0.101)


def test_an_unknown_split_gives_the_whole_range() -> None:
    assert gil_share_range(make.undivided(cpu=0.01, blocked=0.0), 100) == (0.0, 1.0, 1.0)
    trial = make.trial("thread", workers=4, throughput_per_s=390.0)
    unknown = make.undivided(cpu=0.01, blocked=0.0)
    [found] = predictions([trial], unknown, FOUR, kind="sync", backends=make.BACKENDS)
    assert found.throughput_low == pytest.approx(100)
    assert found.throughput_high == pytest.approx(400)
    assert found.measured_per_s == 390.0


def test_the_share_of_the_gil_narrows_with_samples() -> None:
    half = make.demands(gil=0.005, free=0.005)
    assert gil_share_range(half, 100) == pytest.approx((0.418, 0.5, 0.582), abs=0.001)


def test_a_call_that_asks_for_nothing_has_no_prediction() -> None:
    found = predictions([make.trial("thread")], make.demands(), FOUR, kind="sync", backends=make.BACKENDS)
    assert found == []


def test_backends_unknown_to_the_model_are_left_out() -> None:
    assert predictions([make.trial("celery")], PYTHON, FOUR, kind="sync", backends=make.BACKENDS) == []
