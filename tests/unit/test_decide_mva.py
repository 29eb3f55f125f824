"""Mean value analysis, against closed forms, brute force and the laws it must keep."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope.decide.mva import Station, bottleneck, throughputs


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


# -- brute force: the balance equations of every state ----------------------------------------------------------------


def states(calls: int, stations: int) -> Iterator[tuple[int, ...]]:
    """Every way of having so many calls at so many stations."""
    if stations == 1:
        yield (calls,)
        return
    for here in range(calls + 1):
        yield from ((here, *there) for there in states(calls - here, stations - 1))


def by_markov_chain(stations: list[Station], workers: int) -> float:
    """Throughput from the stationary distribution of the chain in which each station passes calls on to the next at
    its rate ÷ its demand: solved as a linear system, without any product form."""
    all_states = list(states(workers, len(stations)))
    place = {state: at for at, state in enumerate(all_states)}
    balance = np.zeros((len(all_states), len(all_states)))
    first_rate = np.zeros(len(all_states))
    for state in all_states:
        for at, station in enumerate(stations):
            if not state[at]:
                continue
            to = list(state)
            to[at] -= 1
            to[(at + 1) % len(stations)] += 1
            rate = station.rate(state[at]) / station.demand_s
            balance[place[tuple(to)], place[state]] += rate
            balance[place[state], place[state]] -= rate
            first_rate[place[state]] += rate if at == 0 else 0.0
    balance[-1] = 1.0  # one equation follows from the others: instead, the probabilities sum to one
    distribution = np.linalg.solve(balance, np.eye(len(all_states))[-1])
    return float(first_rate @ distribution)


busy = st.floats(0.01, 2).map(lambda seconds: round(seconds, 6))
small_networks = st.lists(
    st.builds(Station, st.just("s"), busy, st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0, math.inf])), min_size=2, max_size=3
)


@given(small_networks, st.integers(1, 5))
@settings(max_examples=60)
def test_matches_the_markov_chain(stations: list[Station], workers: int) -> None:
    assert throughputs(stations, workers)[-1] == pytest.approx(by_markov_chain(stations, workers), rel=1e-9)


@given(busy, busy, st.sampled_from([1.0, 2.0, math.inf]), st.integers(1, 4))
def test_one_who_works_ahead_matches_the_markov_chain(
    feeding_s: float, demand_s: float, servers: float, workers: int
) -> None:
    """Two calls a worker and one more in the system; what is beyond the workers waits."""
    pool = Station("workers", demand_s, min(servers, workers))
    expected = by_markov_chain([pool, Station("feeder", feeding_s)], 2 * workers + 1)
    fed = [Station("cpu", demand_s, servers), Station("feeder", feeding_s, ahead=True)]
    assert throughputs(fed, workers)[-1] == pytest.approx(expected, rel=1e-9)


@given(networks, busy, st.integers(1, 20))
def test_one_who_works_ahead_limits_but_does_not_delay(stations: list[Station], feeding_s: float, workers: int) -> None:
    alone = throughputs(stations, workers)[-1]
    feeder = Station("feeder", feeding_s, ahead=True)
    fed, queued = (throughputs([*stations, replace(feeder, ahead=ahead)], workers)[-1] for ahead in (True, False))
    assert queued * (1 - 1e-9) <= fed <= min(alone, 1 / feeding_s) * (1 + 1e-9)


def test_only_one_who_works_ahead() -> None:
    assert throughputs([Station("feeder", 0.5, ahead=True)], 3) == [2.0, 2.0, 2.0]
