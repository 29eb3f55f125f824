"""What a closed queueing network expects of each configuration, from the demands of the solo run.

Stations: the GIL (one server), the CPUs, the event loop (one server), dispatch and pickling in the parent
(one server each), and a delay for all that a call waits for. What the model leaves out (contention for cache
and memory, GIL convoys, limits of the server that is asked) makes measurements slower than it; both are
always shown side by side.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from gilscope.decide.demands import outside_wait_s
from gilscope.decide.mva import Station, bottleneck, throughputs
from gilscope.decide.stats import NORMAL_QUANTILE
from gilscope.records import Demands, Kind, Prediction, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gilscope.decide.facts import BackendFacts, Machine, Shape

__all__ = ["curve", "gil_share_range", "predict", "predictions", "stations_for"]

#: No call is shorter: a record that says so knows of nothing that the call asks for.
SHORTEST_CALL_S = 1e-9


def stations_for(
    shape: Shape,
    demands: Demands,
    machine: Machine,
    *,
    backend: str,
    chunksize: int = 1,
    gil_share: float = 1.0,
) -> list[Station]:
    """The stations that a call visits under a backend of this shape; ``gil_share`` is the part of its CPU
    time with the GIL. Half of the pickling is the parent's and serial, the other half the worker's."""
    wait = Station("delay", outside_wait_s(demands), math.inf)
    one_cpu = min(1.0, machine.cpus)
    if shape == "serial":
        return [Station("cpu", demands.cpu_s, one_cpu), wait]
    if shape == "loop":
        return [Station("loop", demands.cpu_s, one_cpu), wait]
    dispatch = Station("dispatch", machine.dispatch_s.get(backend, 0.0) / chunksize)
    if shape == "thread":
        return [*_thread_cpus(demands, machine, gil_share), wait, dispatch]
    half = machine.pickle_s / 2
    return [Station("cpu", demands.cpu_s + half, machine.cpus), wait, dispatch, Station("pickling", half)]


def _thread_cpus(demands: Demands, machine: Machine, gil_share: float) -> list[Station]:
    if not machine.gil_enabled or machine.cpus <= 1:
        return [Station("cpu", demands.cpu_s, machine.cpus)]
    return [
        Station("gil", demands.cpu_s * gil_share),
        Station("cpu", demands.cpu_s * (1 - gil_share), machine.cpus),
    ]


def curve(stations: list[Station], demands: Demands, machine: Machine, workers: int) -> list[float]:
    """Calls per second with 1, 2, … ``workers`` workers, never above CPUs ÷ all CPU time of a call.

    That bound is wider than the CPU station's: the holder of the GIL, the library's own threads, the
    processes a call starts and the pickling use CPUs as well.

    :raises ValueError: when the call asks for nothing
    """
    cpu_s = demands.cpu_s + (demands.own_threads_cpu_s or 0.0) + (demands.children_cpu_s or 0.0)
    pickling_s = machine.pickle_s if any(station.name == "pickling" for station in stations) else 0.0
    ceiling = machine.cpus / (cpu_s + pickling_s) if cpu_s + pickling_s > 0 else math.inf
    return [min(value, ceiling) for value in throughputs(stations, workers)]


def predict(demands: Demands, stations: list[Station], machine: Machine, workers: int) -> tuple[float, str]:
    """Calls per second and the station that limits them.

    :raises ValueError: when the call asks for nothing
    """
    throughput = curve(stations, demands, machine, workers)[-1]
    capped = throughput < throughputs(stations, workers)[-1]
    return throughput, "cpu" if capped else bottleneck(stations, throughput, workers)


def gil_share_range(demands: Demands, samples: int) -> tuple[float, float, float]:
    """The share of a call's CPU time with the GIL: low, most likely, high (normal approximation to the
    binomial, from the samples that found it on a CPU). When unknown it is taken as all, which most Python
    code is; none is the low."""
    if demands.cpu_gil_s is None or demands.cpu_s <= 0:
        return 0.0, 1.0, 1.0
    share = min(demands.cpu_gil_s / demands.cpu_s, 1.0)
    busy = demands.cpu_s / max(demands.wall_s, demands.cpu_s)
    error = NORMAL_QUANTILE * math.sqrt(share * (1 - share) / max(samples * busy, 1.0))
    return max(share - error, 0.0), share, min(share + error, 1.0)


def predictions(
    trials: Iterable[Trial],
    demands: Demands,
    machine: Machine,
    *,
    kind: Kind,
    backends: Mapping[str, BackendFacts],
) -> list[Prediction]:
    """What the model expects of each configuration, beside what was measured of it; empty when the
    call asks for nothing."""
    asks_for_something = max(demands.cpu_s, outside_wait_s(demands)) >= SHORTEST_CALL_S
    return [
        _prediction(trial, demands, _costs(trial, machine), backends[trial.backend].shape(kind))
        for trial in trials
        if trial.backend in backends and asks_for_something
    ]


def _costs(trial: Trial, machine: Machine) -> Machine:
    """The machine with the pickling that this trial measured."""
    return machine if trial.pickle_s is None else replace(machine, pickle_s=trial.pickle_s)


def _prediction(trial: Trial, demands: Demands, machine: Machine, shape: Shape) -> Prediction:
    shares = gil_share_range(demands, machine.samples)
    low, (throughput, limit), high = (
        predict(
            demands,
            stations_for(shape, demands, machine, backend=trial.backend, chunksize=trial.chunksize, gil_share=share),
            machine,
            trial.workers,
        )
        for share in shares
    )
    uncertain = shape == "thread" and machine.gil_enabled
    return Prediction(
        backend=trial.backend,
        workers=trial.workers,
        cpus=machine.cpus,
        throughput_per_s=throughput,
        throughput_low=min(low[0], throughput, high[0]) if uncertain else None,
        throughput_high=max(low[0], throughput, high[0]) if uncertain else None,
        measured_per_s=trial.throughput_per_s,
        bottleneck=limit,
    )
