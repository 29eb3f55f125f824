"""What a closed queueing network expects of each configuration, from the demands of the solo run.

Stations: the GIL (one server), the CPUs, the event loop (one server), the parent of a process pool (one server, for
dispatch and its part of the pickling), and a delay for all that a call waits for. What the model leaves out
(contention for cache and memory, GIL convoys, limits of the server that is asked, coroutines that sleep without
awaiting, the turns of an event loop that many calls share) makes measurements differ from it; both are always shown
side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from gilscope.configuration import Configuration
from gilscope.decide.accelerator import station_of, without_accelerator
from gilscope.decide.demands import call_s, outside_wait_s, scaled, with_cpu
from gilscope.decide.mva import Station, bottleneck, throughput, throughputs
from gilscope.decide.shares import wilson_interval
from gilscope.decide.stats import NORMAL_QUANTILE
from gilscope.decide.traits import BackendTraits, Machine, Shape
from gilscope.records import Demands, Kind, Trial

__all__ = ["KNEE_SHARE", "SHORTEST_CALL_S", "Expectation", "Model", "fewest_near_best", "plain_count"]

#: No call is shorter: a record that says so knows of nothing that the call asks for.
SHORTEST_CALL_S = 1e-9
#: The knee: the fewest workers with this part of the best throughput; the rest is within the noise of
#: measuring it.
KNEE_SHARE = 0.95
#: So many times the CPUs are just beyond them: for 16 CPUs, 18 is the knee of NumPy calls that gain nothing from more.
BEYOND_CPUS = 1.5


@dataclass(frozen=True)
class Expectation:
    """A predicted throughput, its interval, and the station that limits it."""

    per_s: float
    low: float | None
    high: float | None
    bottleneck: str


@dataclass(frozen=True)
class Model:
    """What one call asks for and what it is run on, which is all that the network is made of."""

    demands: Demands
    machine: Machine
    kind: Kind = "sync"
    backends: Mapping[str, BackendTraits] = field(default_factory=dict)
    low: float | None = None
    """The low end of the solo throughput's interval as a ratio to the throughput; None when one round says nothing of
    the noise."""
    high: float | None = None
    cpu_doubt: tuple[float, ...] = ()
    """How many times the CPU time of a call may be what it is thought to be, at either end."""

    def calibrated(self, trials: Iterable[Trial]) -> Model:
        """The model whose solo run has the throughput that it had.

        The ledger tells the proportions, from rounds that were watched; the clean rounds, taken in turn with those of
        all other configurations, tell the length of a call.
        """
        solo = next((trial for trial in trials if trial.backend == "serial"), None)
        rate = solo.throughput_per_s if solo else None
        if solo is None or not rate or not self.asks_for_something:
            return self
        known = solo.throughput_low is not None and solo.throughput_high is not None
        low, high = (solo.throughput_low, solo.throughput_high) if known else (None, None)
        return replace(self.with_calls_of(1 / rate), low=low and low / rate, high=high and high / rate)

    def with_calls_of(self, seconds: float) -> Model:
        """With calls of the same shape that take so long alone."""
        return replace(self, demands=scaled(self.demands, seconds / call_s(self.demands)))

    @property
    def asks_for_something(self) -> bool:
        """Whether there is anything to predict from."""
        return call_s(self.demands) >= SHORTEST_CALL_S

    def shape(self, backend: str) -> Shape:
        """How the calls are run there; one that is unknown has threads."""
        return self.backends.get(backend, BackendTraits(backend, shares_gil=True)).shape(self.kind)

    # -- the network ------------------------------------------------------------------------------------------------

    def stations(self, shape: Shape, backend: str, chunksize: int = 1, gil_share: float = 1.0) -> list[Station]:
        """The stations that a call visits under a backend of this shape; ``gil_share`` is the part of its CPU
        time with the GIL.

        Handing over a chunk costs the parent of a process pool as much as the worker that takes it (its queue, the
        unpickling, the reply), and threads that share a GIL cannot hand over anything without it.
        """
        if self.demands.accelerator_s:
            rest = replace(self, demands=without_accelerator(self.demands))
            return [*rest.stations(shape, backend, chunksize, gil_share), *station_of(self.demands)]
        demands, machine = self.demands, self.machine
        wait_s, dispatch_s = outside_wait_s(demands), machine.dispatch_s.get(backend, 0.0) / chunksize
        one_cpu = min(1.0, machine.cpus)
        if shape == "serial":
            return [Station("cpu", demands.cpu_s, one_cpu), _delay(wait_s)]
        if shape == "loop":
            blocked_s = _blocked_loop_s(demands)
            loop = Station("loop", demands.cpu_s + dispatch_s + blocked_s, one_cpu, off_cpu_s=blocked_s)
            return [loop, _delay(wait_s - blocked_s)]
        if shape == "thread":
            return self._thread_stations(dispatch_s, gil_share)
        hand_over = machine.hand_over(backend)
        parent_s = hand_over.seconds * hand_over.parent_share
        worker_s = demands.cpu_s + dispatch_s + hand_over.seconds - parent_s
        return [Station("cpu", worker_s, machine.capacity), _delay(wait_s), _parent(dispatch_s, parent_s)]

    def _thread_stations(self, dispatch_s: float, gil_share: float) -> list[Station]:
        demands, machine = self.demands, self.machine
        wait_s, computing_s = outside_wait_s(demands), demands.cpu_s + dispatch_s
        if not machine.gil_enabled:
            return [Station("cpu", computing_s, machine.capacity), _delay(wait_s), _parent(dispatch_s)]
        held_s = min(demands.gil_held_off_cpu_s or 0.0, wait_s)
        if machine.cpus <= 1:
            cpu = Station("cpu", computing_s, machine.capacity)
            return [cpu, Station("gil", held_s, off_cpu_s=held_s), _delay(wait_s - held_s)]
        return [
            Station("gil", demands.cpu_s * gil_share + dispatch_s + held_s, off_cpu_s=held_s),
            Station("cpu", demands.cpu_s * (1 - gil_share), machine.capacity),
            _delay(wait_s - held_s),
        ]

    def rates(self, stations: Sequence[Station], workers: int) -> list[float]:
        """Calls per second with 1, 2, … ``workers`` workers, never above CPUs ÷ all CPU time of a call.

        That bound is wider than the CPU station's: the holder of the GIL, the library's native threads, the
        processes a call starts, the dispatch and the pickling use CPUs as well.

        :raises ValueError: when the call asks for nothing
        """
        ceiling = self._ceiling(stations)
        return [min(value, ceiling) for value in throughputs(stations, workers)]

    def rate(self, stations: Sequence[Station], workers: int) -> float:
        """The last of `rates`.

        :raises ValueError: when the call asks for nothing
        """
        return min(throughput(stations, workers), self._ceiling(stations))

    def _ceiling(self, stations: Sequence[Station]) -> float:
        busy_s = sum(station.demand_s - station.off_cpu_s for station in stations if not math.isinf(station.servers))
        busy_s += (self.demands.own_threads_cpu_s or 0.0) + (self.demands.children_cpu_s or 0.0)
        return self.machine.capacity / busy_s if busy_s > 0 else math.inf

    def predict(self, stations: Sequence[Station], workers: int) -> tuple[float, str]:
        """Calls per second and the station that limits them.

        :raises ValueError: when the call asks for nothing
        """
        free, ceiling = throughput(stations, workers), self._ceiling(stations)
        return (ceiling, "cpu") if ceiling < free else (free, bottleneck(stations, free, workers))

    def most_speedup(self, shape: Shape, in_company: Demands | None = None) -> float:
        """The most times the serial throughput that a backend of this shape can reach, with any number of workers and
        whatever the rounds say: a measurement above it is noise.

        The asymptotic bounds of operational analysis (Denning & Buzen 1978): throughput never exceeds the servers of a
        resource over what a call asks of it. Where the share of the GIL is uncertain the low end of its interval
        counts, so that nothing is ruled out by a few samples; where it is unknown, it bounds nothing.

        :param in_company: of a call on a loop that many share, which may be less than alone: they share its turns too.
            A loop is bounded by what its own ledger says, and not at all without
        """
        demands, machine = self.demands, self.machine
        if shape == "serial":
            return 1.0
        if shape == "loop":
            least_s = min(self._on_loop_s(each) for each in (demands, in_company)) if in_company else 0.0
            return call_s(demands) / least_s if least_s > 0 else math.inf
        under_gil = shape == "thread" and machine.gil_enabled
        gil_s = demands.cpu_s * self.gil_shares[0] + (demands.gil_held_off_cpu_s or 0.0) if under_gil else 0.0
        busiest_s = max(_all_cpu_s(demands) / machine.cpus, gil_s)
        return call_s(demands) / busiest_s if busiest_s > 0 else math.inf

    def _on_loop_s(self, demands: Demands) -> float:
        """What a call keeps its loop, or all CPUs, busy for."""
        return max(demands.cpu_s + _blocked_loop_s(demands), _all_cpu_s(demands) / self.machine.cpus)

    # -- what is in doubt -------------------------------------------------------------------------------------------

    @cached_property
    def gil_shares(self) -> tuple[float, float, float]:
        """The share of a call's CPU time with the GIL: low, most likely, high (Wilson's interval, from the samples that
        found it on a CPU: few that all found it held do not show that it always is). When unknown it is taken as all,
        which most Python code is; none is the low."""
        demands = self.demands
        if demands.cpu_gil_s is None or demands.cpu_s <= 0:
            return 0.0, 1.0, 1.0
        share = min(demands.cpu_gil_s / demands.cpu_s, 1.0)
        busy = demands.cpu_s / max(demands.wall_s, demands.cpu_s)
        low, high = wilson_interval(share, max(self.machine.samples * busy, 1.0), NORMAL_QUANTILE)
        return low, share, high

    def expect(self, to: Configuration) -> Expectation:
        """What to expect of one configuration."""
        shape = self.shape(to.backend)

        def at(model: Model, share: float) -> tuple[float, str]:
            return model.predict(model.stations(shape, to.backend, to.chunksize, share), to.workers)

        return self.expected(at, under_gil=shape == "thread" and self.machine.gil_enabled)

    def expected(self, at: Callable[[Model, float], tuple[float, str]], *, under_gil: bool) -> Expectation:
        """What ``at`` gives for this model and a share of the GIL: calls per second and what limits them.

        The interval combines the doubts about the length of a solo call, its share of the GIL, where that counts, its
        CPU time, and what hyperthreads add to each other, which is unknown: independent of each other, so their
        logarithms add in quadrature. None where there is none.
        """
        least, share, most = self.gil_shares
        per_s, limit = at(self, share)
        ends = [self.with_calls_of(call_s(self.demands) / end) for end in (self.low, self.high) if end is not None]
        doubts = [[at(model, share)[0] for model in ends]] if ends else []
        doubts += [[at(self, least)[0], at(self, most)[0]]] if under_gil else []
        doubts += [[at(replace(self, demands=with_cpu(self.demands, by)), share)[0] for by in self.cpu_doubt]]
        if self.machine.shares_cores:
            doubts += [[at(self._with_hyperthreads(gain), share)[0] for gain in (0.0, 1.0)]]
        low, high = _interval(per_s, [doubt for doubt in doubts if doubt])
        return Expectation(per_s, low, high, limit)

    def _with_hyperthreads(self, gain: float) -> Model:
        return replace(self, machine=replace(self.machine, hyperthread_gain=gain))


def _delay(seconds: float) -> Station:
    return Station("delay", seconds, math.inf)


def _parent(dispatch_s: float, pickling_s: float = 0.0) -> Station:
    """One thread hands over, pickles arguments and unpickles results; named by what it does most."""
    return Station("pickling" if pickling_s > dispatch_s else "dispatch", dispatch_s + pickling_s, ahead=True)


def _blocked_loop_s(demands: Demands) -> float:
    """Seconds in which a coroutine blocks its loop: a loop waits for sockets, timers and futures, nothing else, and
    never with the GIL held."""
    blocking_s = (demands.disk_s or 0.0) + (demands.child_s or 0.0)
    return min(max(blocking_s, demands.gil_held_off_cpu_s or 0.0), outside_wait_s(demands))


def _all_cpu_s(demands: Demands) -> float:
    """CPU of a call in its own thread, in those of libraries, and in the processes that it starts."""
    return demands.cpu_s + (demands.own_threads_cpu_s or 0.0) + (demands.children_cpu_s or 0.0)


def _interval(middle: float, doubts: Sequence[Sequence[float]]) -> tuple[float | None, float | None]:
    """Around ``middle``, from the values that each doubt lets it take."""
    if not doubts:
        return None, None
    below = math.hypot(*(math.log(middle / min(middle, *doubt)) for doubt in doubts))
    above = math.hypot(*(math.log(max(middle, *doubt) / middle) for doubt in doubts))
    return middle * math.exp(-below), middle * math.exp(above)


def fewest_near_best(rates: Sequence[float], share: float = KNEE_SHARE) -> int:
    """The knee of a throughput curve for 1, 2, … workers: the fewest with this share of the best."""
    return next(count for count, rate in enumerate(rates, start=1) if rate >= share * max(rates))


def plain_count(knee: int, cpus: int) -> int:
    """The worker count to plan for a knee: the next power of two, for the knee is flat and 32 is easier to compare
    between runs than 31; but the CPUs where it lies just beyond them. A closed network whose services are of random
    length fills its CPUs with more workers than real calls do, which are much alike."""
    if cpus < knee < BEYOND_CPUS * cpus:
        return cpus
    return 1 << (knee - 1).bit_length()
