"""Which configurations to measure first: of each backend, where the model expects its best."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gilscope.configuration import Configuration
from gilscope.decide.classify import COMPUTE_SHARE, compute_share
from gilscope.decide.model import Model, fewest_near_best, plain_count
from gilscope.decide.mva import visited
from gilscope.decide.traits import Machine, Shape
from gilscope.options import Options

__all__ = [
    "STEP",
    "candidates",
    "grid",
    "knee",
    "most_workers",
    "worker_counts",
]

#: The most workers planned unasked. Threads: twice the cap of ThreadPoolExecutor's own default; beyond it the
#: memory of the stacks and the limits of whatever is waited for come first. Coroutines cost a thousandth of that.
#: Processes cost their start-up and memory each.
MAX_WORKERS: dict[Shape, int] = {"serial": 1, "thread": 64, "process": 16, "loop": 1024}
#: How many times as many workers a step up takes: coroutines have the longer way to go.
STEP: dict[Shape, int] = {"serial": 1, "thread": 2, "process": 2, "loop": 4}
#: Processes for each CPU, for calls that also wait: twice as many keep a CPU busy through as much waiting as
#: computing; more cost their start-up and memory, and threads are the measure of calls that mostly wait.
PROCESSES_PER_CPU = 2
#: CPUs from which on half of them is measured too: hyperthreads and memory bandwidth often end the gain
#: there.
MANY_CPUS = 8


def candidates(model: Model, backends: Iterable[str], options: Options) -> list[Configuration]:
    """The configurations to measure first, in the order of ``backends``: each where the model expects its knee, or with
    the workers that were asked for; all of the `grid` where the search is to be exhaustive."""
    plans = []
    for name in backends:
        traits, shape = model.backends[name], model.shape(name)
        method = options.start_method or "spawn" if traits.start_methods else None
        most = options.max_workers or (MAX_WORKERS[shape] if options.exhaustive else most_workers(model, shape))
        if traits.fixed_workers is not None:
            counts: Iterable[int] = (traits.fixed_workers,)
        elif options.workers:
            counts = sorted(set(options.workers))
        elif options.exhaustive:
            counts = grid(shape, model.machine, most)
        else:
            counts = worker_counts(model, name, most)
        size = options.chunksize or 1 if shape == "process" else 1
        plans += [Configuration(name, workers, size, method) for workers in counts]
    return plans


def most_workers(model: Model, shape: Shape) -> int:
    """The most workers planned unasked: the CPUs for what computes (twice as many threads, for while one waits for the
    GIL another can compute without it), `MAX_WORKERS` for what waits."""
    cpus = math.ceil(model.machine.cpus)
    if shape != "loop" and (compute_share(model.demands) or 0.0) >= COMPUTE_SHARE:
        return 2 * cpus if shape == "thread" else min(cpus, 61)
    return max(MAX_WORKERS[shape], cpus) if shape == "process" else MAX_WORKERS[shape]


def grid(shape: Shape, machine: Machine, most: int) -> tuple[int, ...]:
    """Every worker count of an exhaustive search: doubling (fourfold for coroutines) up to ``most``, and the CPUs."""
    if shape == "serial":
        return (1,)
    counts = {2 * STEP[shape] ** k for k in range(11)} | {math.ceil(machine.cpus), most}
    return tuple(sorted(count for count in counts if 2 <= count <= max(most, 2)))


def worker_counts(model: Model, backend: str, most: int) -> tuple[int, ...]:
    """The worker counts to measure first: the predicted knee, ``most`` at most, and the CPUs (or the least that
    overlap) at least."""
    shape, cpus = model.shape(backend), math.ceil(model.machine.cpus)
    best = min(plain_count(knee(model, backend, most), cpus), most)
    if shape == "process":
        return tuple(min(count, most) for count in _process_counts(cpus, best, compute_share(model.demands)))
    return (min(max(8 if shape == "loop" else max(2, cpus), best), most),)


def _process_counts(cpus: int, best: int, computing: float | None) -> tuple[int, ...]:
    if computing is not None and computing < COMPUTE_SHARE:
        return (min(max(cpus, best), PROCESSES_PER_CPU * cpus),)
    return (cpus // 2, cpus) if cpus >= MANY_CPUS else (cpus,)


def knee(model: Model, backend: str, most: int) -> int:
    """The fewest workers that the model expects to come near the best throughput with up to ``most``."""
    stations = model.stations(model.shape(backend), backend, gil_share=model.gil_shares[1])
    return fewest_near_best(model.rates(stations, most)) if visited(stations) else 1
