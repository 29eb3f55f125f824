"""Mean value analysis of a closed queueing network with one class of customers: exact, in the usual product
form.

The customers are the workers, each with one call in hand at all times; a station is a resource that calls
visit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    ahead: bool = False
    """Whether it works ahead of the workers, with room for a chunk for each in its queue: it limits the
    throughput, but stands in no call's way. Always one server."""
    off_cpu_s: float = 0.0
    """The part of the demand that occupies a server but no CPU."""

    def rate(self, present: int) -> float:
        """Seconds of service given per second when so many calls are present."""
        return min(float(present), self.servers)


def visited(stations: Sequence[Station]) -> list[Station]:
    """The stations of which a call asks anything."""
    return [station for station in stations if station.demand_s >= NEGLIGIBLE_S]


def throughputs(stations: Sequence[Station], workers: int) -> list[float]:
    """Calls per second with 1, 2, … ``workers`` workers.

    :raises ValueError: when there is no worker or no station with a demand
    """
    rates, feeding_s = _own(stations, workers)
    return [_fed(rates[:count], feeding_s) for count in range(1, workers + 1)] if feeding_s else rates


def throughput(stations: Sequence[Station], workers: int) -> float:
    """Calls per second with so many workers, without those of fewer.

    :raises ValueError: when there is no worker or no station with a demand
    """
    rates, feeding_s = _own(stations, workers)
    return _fed(rates, feeding_s) if feeding_s else rates[-1]


def _own(stations: Sequence[Station], workers: int) -> tuple[list[float], float]:
    """Calls per second of the workers alone, and what feeding them one call takes."""
    used = visited(stations)
    if not used or workers < 1:
        raise ValueError(f"a prediction needs a worker and a demand, got {workers} workers and {list(stations)}")
    own = [station for station in used if not station.ahead]
    rates = _product_form(own, workers) if own else [math.inf] * workers
    return rates, sum(station.demand_s for station in used if station.ahead)


def bottleneck(stations: Sequence[Station], throughput_per_s: float, workers: int) -> str:
    """The station with the highest utilization at this throughput (utilization law: X · D ÷ servers).

    The utilization of a delay is the share of the workers that are in it.
    """

    def utilization(station: Station) -> float:
        servers = workers if math.isinf(station.servers) else station.servers
        return throughput_per_s * station.demand_s / servers

    return max(stations, key=utilization).name


def _product_form(used: Sequence[Station], workers: int) -> list[float]:
    """Exact mean value analysis (Reiser & Lavenberg, J. ACM 27(2), 1980) with load-dependent rates min(n,
    servers). The probability that a station is empty follows from the network without it, p(0|n) = p(0|n−1) ·
    X(n) ÷ X′(n) (Reiser, Performance Evaluation 1, 1981), for 1 − Σ p(j|n) loses its digits when the station
    is busy."""
    queues = [_queue(station, [*used[:k], *used[k + 1 :]], workers) for k, station in enumerate(used)]
    result = []
    for count in range(1, workers + 1):
        residences = [queue.residence_s() for queue in queues]
        result.append(count / sum(residences))
        for queue, residence in zip(queues, residences, strict=True):
            queue.advance(result[-1], residence)
    return result


def _fed(rates: Sequence[float], feeding_s: float) -> float:
    """Throughput of workers that are fed by one server working ahead of them.

    The workers together are one station that serves at ``rates[n − 1]`` while n of them have a call (the
    flow-equivalent server of Chandy, Herzog & Woo, IBM J. R&D 19(1), 1975). Calls in the system: one with each
    worker, and as many and one more in the queue, which is what `concurrent.futures` keeps in it. The recursion is
    Buzen's convolution (CACM 16(9), 1973) for these two stations, by quotients: X(k) = 1 ÷ (D + q(k)) with q(1) = 1
    ÷ r(1) and q(k) = q(k − 1) · X(k − 1) ÷ r(k).
    """
    waiting_s, throughput = 1.0, 1.0
    for present in range(1, 2 * len(rates) + 2):
        waiting_s *= throughput / rates[min(present, len(rates)) - 1]
        throughput = 1.0 / (feeding_s + waiting_s)
    return throughput


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
    return _Queue(station, iter(_product_form(others, workers) if others else [math.inf] * workers))
