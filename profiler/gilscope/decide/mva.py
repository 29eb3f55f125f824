"""Mean value analysis of a closed queueing network with one class of customers: exact, in the usual product
form.

The customers are the workers, each with one call in hand at all times; a station is a resource that calls
visit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Station", "bottleneck", "throughputs", "visited"]

#: Demands below a picosecond are none: no clock sees them, and their quotients leave the range of a float.
NEGLIGIBLE_S = 1e-12


@dataclass(frozen=True)
class Station:
    """A resource, the seconds a call needs of it, and how many calls it serves at once.

    ``servers`` may be a fraction: a quota of half a CPU serves one call at half the speed, two and a half
    CPUs serve three calls at 5/6 of it. Infinitely many servers make a delay: nobody queues there.
    """

    name: str
    demand_s: float
    servers: float = 1.0

    def rate(self, present: int) -> float:
        """Seconds of service given per second when so many calls are present."""
        return min(float(present), self.servers)


def visited(stations: Sequence[Station]) -> list[Station]:
    """The stations of which a call asks anything."""
    return [station for station in stations if station.demand_s >= NEGLIGIBLE_S]


def throughputs(stations: Sequence[Station], workers: int) -> list[float]:
    """Calls per second with 1, 2, … ``workers`` workers.

    Exact mean value analysis (Reiser & Lavenberg, J. ACM 27(2), 1980) with load-dependent rates min(n,
    servers). The probability that a station is empty follows from the network without it, p(0|n) = p(0|n−1) ·
    X(n) ÷ X′(n) (Reiser, Performance Evaluation 1, 1981), for 1 − Σ p(j|n) loses its digits when the station
    is busy.

    :raises ValueError: when there is no worker or no station with a demand
    """
    used = visited(stations)
    if not used or workers < 1:
        raise ValueError(f"a prediction needs a worker and a demand, got {workers} workers and {list(stations)}")
    queues = [_queue(station, used[:k] + used[k + 1 :], workers) for k, station in enumerate(used)]
    result = []
    for count in range(1, workers + 1):
        residences = [queue.residence_s() for queue in queues]
        result.append(count / sum(residences))
        for queue, residence in zip(queues, residences, strict=True):
            queue.advance(result[-1], residence)
    return result


def bottleneck(stations: Sequence[Station], throughput_per_s: float, workers: int) -> str:
    """The station with the highest utilization at this throughput (utilization law: X · D ÷ servers).

    The utilization of a delay is the share of the workers that are in it.
    """

    def utilization(station: Station) -> float:
        servers = workers if math.isinf(station.servers) else station.servers
        return throughput_per_s * station.demand_s / servers

    return max(stations, key=utilization).name


class _Queue:
    """The mean queue of one station, and the probabilities of its few calls where it has several servers."""

    def __init__(self, station: Station, without: Iterator[float]) -> None:
        self._station = station
        self._without = without
        """Throughputs of the network without this station, for 1, 2, … workers."""
        self._mean = 0.0
        self._present = [1.0] + [0.0] * max(math.ceil(station.servers) - 2, 0)
        """P(j calls present) for every j that leaves a server free to the next."""

    def residence_s(self) -> float:
        """What an arriving call spends here: Σ (j+1) ÷ rate(j+1) · D · P(it finds j)."""
        servers, demand = self._station.servers, self._station.demand_s
        spare = sum((servers - j - 1) * p for j, p in enumerate(self._present) if j + 1 < servers)
        return demand / servers * (1 + self._mean + spare)

    def advance(self, throughput: float, residence_s: float) -> None:
        """From one worker less to this many."""
        self._mean = throughput * residence_s
        if self._station.servers <= 1:
            return
        before, load = self._present, throughput * self._station.demand_s
        empty = before[0] * throughput / next(self._without)
        self._present = [empty] + [load / self._station.rate(j) * before[j - 1] for j in range(1, len(before))]


class _Delay(_Queue):
    """A station where nobody queues."""

    def __init__(self, station: Station) -> None:
        super().__init__(Station(station.name, station.demand_s), iter(()))

    def residence_s(self) -> float:
        return self._station.demand_s


def _queue(station: Station, others: Sequence[Station], workers: int) -> _Queue:
    if math.isinf(station.servers) or station.servers >= workers:
        return _Delay(station)
    if station.servers <= 1:
        return _Queue(station, iter(()))
    return _Queue(station, iter(throughputs(others, workers) if others else [math.inf] * workers))
