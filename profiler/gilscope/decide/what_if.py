"""What the model expects on other machines: more or fewer CPUs, and no GIL at all. Predicted, never measured.

The costs of the pools and the demands of a call are those of the machine that was measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gilscope.decide.candidates import most_workers
from gilscope.decide.demands import call_s
from gilscope.decide.noise import TIE_MARGIN
from gilscope.decide.predict import (
    KNEE_SHARE,
    Expectation,
    Solo,
    calibrated,
    curve,
    expectation,
    expected,
    fewest_near_best,
    gil_share_range,
    predict,
    stations_for,
)
from gilscope.decide.rounds import chunksize
from gilscope.records import LOOP_KINDS, Prediction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gilscope.decide.traits import BackendTraits, Machine, Shape
    from gilscope.records import Demands, Kind, Trial

__all__ = ["what_if"]

#: Threads of each process that are considered: what one process of threads may have, and fewer.
THREADS_PER_PROCESS = (2, 4, 8, 16, 32, 64)


def what_if(
    demands: Demands,
    machine: Machine,
    *,
    kind: Kind,
    backends: Mapping[str, BackendTraits],
    trials: Iterable[Trial] = (),
    cpus: Sequence[float] = (),
    gil: bool = True,
    margin: float = TIE_MARGIN,
) -> list[Prediction]:
    """The best configuration of every backend on other machines, by the model.

    :param machine: the one that was measured
    :param trials: of this analysis; the serial one tells the length of a call
    :param cpus: CPUs of the other machines
    :param gil: False to expect a free-threaded interpreter too, on this machine and on the others: only what runs
        in threads differs there
    :param margin: by how much several processes of several threads each must beat either alone to be named
    """
    solo = calibrated(demands, trials)
    if not solo.asks_for_something:
        return []
    found = [_on(solo, replace(machine, cpus=float(count)), kind, backends, margin) for count in dict.fromkeys(cpus)]
    if not gil and machine.gil_enabled:
        for count in dict.fromkeys((machine.cpus, *cpus)):
            free = replace(machine, cpus=float(count), gil_enabled=False)
            found.append(_best_of_each(solo, free, kind, _threaded(backends, kind)))
    return [prediction for predicted in found for prediction in predicted]


def _threaded(backends: Mapping[str, BackendTraits], kind: Kind) -> dict[str, BackendTraits]:
    return {name: facts for name, facts in backends.items() if facts.shape(kind) == "thread"}


def _on(
    solo: Solo, machine: Machine, kind: Kind, backends: Mapping[str, BackendTraits], margin: float
) -> list[Prediction]:
    alone = _best_of_each(solo, machine, kind, backends)
    best = max((found.throughput_per_s for found in alone), default=0.0)
    mixed = _hybrids(solo, machine, kind, backends)
    return [*alone, *(hybrid for hybrid, in_one in mixed if hybrid.throughput_per_s * (1 - margin) > max(best, in_one))]


def _best_of_each(solo: Solo, machine: Machine, kind: Kind, backends: Mapping[str, BackendTraits]) -> list[Prediction]:
    shapes = {name: facts.shape(kind) for name, facts in backends.items()}
    return [
        _best(solo, machine, name, shape, backends[name].fixed_workers)
        for name, shape in shapes.items()
        if shape != "serial"
    ]


def _best(solo: Solo, machine: Machine, backend: str, shape: Shape, fixed: int | None) -> Prediction:
    size = _chunksize(solo, machine, backend, shape)
    stations = stations_for(
        shape,
        solo.demands,
        machine,
        backend=backend,
        chunksize=size,
        gil_share=gil_share_range(solo.demands, machine.samples)[1],
    )
    most = most_workers(shape, machine, solo.demands)
    knee = fewest_near_best(curve(stations, solo.demands, machine, most))
    workers = fixed or min(1 << (knee - 1).bit_length(), most)  # the next power of two: the knee is flat
    found = expectation(solo, shape, machine, backend=backend, workers=workers, chunksize=size)
    return _prediction(backend, workers, machine, found)


def _chunksize(solo: Solo, machine: Machine, backend: str, shape: Shape) -> int:
    """As it would be planned; only processes are handed more than one call at once."""
    if shape != "process":
        return 1
    return chunksize(call_s(solo.demands) + machine.pickle_s, None, 1, machine.dispatch_s.get(backend, 0.0))


def _prediction(
    backend: str, workers: int, machine: Machine, expected: Expectation, threads: int | None = None
) -> Prediction:
    return Prediction(
        backend=backend,
        workers=workers,
        cpus=machine.cpus,
        throughput_per_s=expected.per_s,
        throughput_low=expected.low,
        throughput_high=expected.high,
        bottleneck=expected.bottleneck,
        gil_enabled=machine.gil_enabled,
        threads_per_process=threads,
    )


# -- processes of several threads each --------------------------------------------------------------------------------


def _hybrids(
    solo: Solo, machine: Machine, kind: Kind, backends: Mapping[str, BackendTraits]
) -> Iterator[tuple[Prediction, float]]:
    """The best split of threads over processes, for every backend of processes, and what as many threads do in one;
    none where threads need no GIL, or where a loop does for coroutines what threads do for plain functions."""
    shapes = {name: facts.shape(kind) for name, facts in backends.items()}
    if kind in LOOP_KINDS or not machine.gil_enabled or machine.cpus < 2:
        return
    threads = next((name for name, shape in shapes.items() if shape == "thread"), "")
    for name in (name for name, shape in shapes.items() if shape == "process"):
        size = _chunksize(solo, machine, name, "process")
        hybrid = _hybrid(solo, machine, _Pools(name, threads, size))
        total = hybrid.workers * (hybrid.threads_per_process or 1)
        yield hybrid, expectation(solo, "thread", machine, backend=threads, workers=total).per_s


@dataclass(frozen=True)
class _Pools:
    """A pool of processes with a pool of threads in each."""

    processes: str
    threads: str
    chunksize: int

    def predict(self, demands: Demands, machine: Machine, share: float, count: int, each: int) -> tuple[float, str]:
        """Calls per second of ``count`` processes with ``each`` threads, and what limits them.

        Alike, they share the CPUs and the parent's time equally: one of them is solved with its part of both.
        """
        part = replace(machine, cpus=machine.cpus / count)
        outside = stations_for("process", demands, machine, backend=self.processes, chunksize=self.chunksize)
        inside = stations_for("thread", demands, part, backend=self.threads, gil_share=share)
        handed_s, feeding_s = outside[0].demand_s - demands.cpu_s, outside[-1].demand_s
        inside[0] = replace(inside[0], demand_s=inside[0].demand_s + handed_s)
        feeder = replace(outside[-1], demand_s=feeding_s * count, off_cpu_s=feeding_s * (count - 1))
        per_s, limit = predict(demands, [*inside, feeder], part, each)
        return per_s * count, limit


def _hybrid(solo: Solo, machine: Machine, pools: _Pools) -> Prediction:
    share = gil_share_range(solo.demands, machine.samples)[1]
    most = most_workers("process", machine, solo.demands)
    splits = [(2**k, each) for k in range(1, most.bit_length()) for each in THREADS_PER_PROCESS]
    rates = {split: pools.predict(solo.demands, machine, share, *split)[0] for split in splits}
    near = [split for split, rate in rates.items() if rate >= KNEE_SHARE * max(rates.values())]
    count, each = min(near, key=lambda split: (split[0] * split[1], split[0]))

    def at(demands: Demands, share: float) -> tuple[float, str]:
        return pools.predict(demands, machine, share, count, each)

    return _prediction(pools.processes, count, machine, expected(solo, machine, at, under_gil=True), each)
