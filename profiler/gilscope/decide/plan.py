"""Which configurations to measure, with how many calls, for how long."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gilscope.decide.classify import COMPUTE_SHARE, compute_share
from gilscope.decide.facts import BackendFacts, Machine, Plan, Shape
from gilscope.decide.mva import visited
from gilscope.decide.predict import SHORTEST_CALL_S, curve, fewest_near_best, gil_share_range, stations_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gilscope.records import Demands, Kind, StartMethod

__all__ = [
    "STEP",
    "calls_per_round",
    "candidates",
    "chunksize",
    "grid",
    "knee",
    "most_workers",
    "round_s",
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
#: A chunk is long enough when its dispatch adds at most this part to its work.
DISPATCH_SHARE = 0.02
#: A chunk this long has divided the dispatch by so much that pickling its items costs more.
MAX_CHUNKSIZE = 1000
#: Chunks for each worker, so that the last one to finish leaves the others idle for a quarter of the round at
#: most.
CHUNKS_PER_WORKER = 4
#: Calls for each worker where time allows, for the same reason.
CALLS_PER_WORKER = 3
#: "Where time allows": those calls may stretch a round to this many times its length.
STRETCH = 2.0
#: What a clean round should last: a hundred times the scheduler's and the clock's grain of some milliseconds.
TARGET_ROUND_S = 0.12
#: Shorter rounds measure the scheduler.
MIN_ROUND_S = 0.05
#: Rounds that a budget should have room for, for each configuration.
ROUNDS = 6


def candidates(
    demands: Demands,
    machine: Machine,
    *,
    kind: Kind,
    backends: Iterable[BackendFacts],
    workers_asked: Sequence[int] | None = None,
    chunksize_asked: int | None = None,
    start_method: StartMethod | None = None,
    max_workers: int | None = None,
    exhaustive: bool = False,
) -> list[Plan]:
    """The configurations to measure first, in the order of ``backends``: each where the model expects its knee; all of
    the `grid` when ``exhaustive``.

    ``start_method`` goes to the backends that have one.
    """
    plans = []
    for facts in backends:
        shape = facts.shape(kind)
        method = start_method or "spawn" if facts.start_methods else None
        most = max_workers or (MAX_WORKERS[shape] if exhaustive else most_workers(shape, machine, demands))
        if facts.fixed_workers is not None:
            counts: Sequence[int] = (facts.fixed_workers,)
        elif workers_asked:
            counts = sorted(set(workers_asked))
        elif exhaustive:
            counts = grid(shape, machine, most)
        else:
            counts = worker_counts(shape, demands, machine, facts.name, most)
        plans += [
            Plan(facts.name, workers, chunksize_asked or 1 if shape == "process" else 1, method) for workers in counts
        ]
    return plans


def most_workers(shape: Shape, machine: Machine, demands: Demands) -> int:
    """The most workers planned unasked: the CPUs for what computes (twice as many threads, for while one waits for the
    GIL another can compute without it), `MAX_WORKERS` for what waits."""
    cpus = math.ceil(machine.cpus)
    if shape != "loop" and (compute_share(demands) or 0.0) >= COMPUTE_SHARE:
        return 2 * cpus if shape == "thread" else min(cpus, 61)
    return max(MAX_WORKERS[shape], cpus) if shape == "process" else MAX_WORKERS[shape]


def grid(shape: Shape, machine: Machine, most: int) -> tuple[int, ...]:
    """Every worker count of an exhaustive search: doubling (fourfold for coroutines) up to ``most``, and the CPUs."""
    if shape == "serial":
        return (1,)
    counts = {2 * STEP[shape] ** k for k in range(11)} | {math.ceil(machine.cpus), most}
    return tuple(sorted(count for count in counts if 2 <= count <= max(most, 2)))


def worker_counts(shape: Shape, demands: Demands, machine: Machine, backend: str, most: int) -> tuple[int, ...]:
    """The worker counts to measure first: the predicted knee, ``most`` at most, and the CPUs (or the least that
    overlap) at least."""
    cpus = math.ceil(machine.cpus)
    best = min(_power_of_two(knee(shape, demands, machine, backend, most)), most)
    if shape == "process":
        return tuple(min(count, most) for count in _process_counts(cpus, best, compute_share(demands)))
    return (min(max(8 if shape == "loop" else max(2, cpus), best), most),)


def _power_of_two(count: int) -> int:
    """The next one up: the knee is flat, and 32 is easier to compare between runs than 31."""
    return 1 << (count - 1).bit_length()


def _process_counts(cpus: int, best: int, computing: float | None) -> tuple[int, ...]:
    if computing is not None and computing < COMPUTE_SHARE:
        return (min(max(cpus, best), PROCESSES_PER_CPU * cpus),)
    return (cpus // 2, cpus) if cpus >= MANY_CPUS else (cpus,)


def knee(shape: Shape, demands: Demands, machine: Machine, backend: str, most: int) -> int:
    """The fewest workers that the model expects to come near the best throughput with up to ``most``."""
    share = gil_share_range(demands, machine.samples)[1]
    stations = stations_for(shape, demands, machine, backend=backend, gil_share=share)
    if not visited(stations):
        return 1
    return fewest_near_best(curve(stations, demands, machine, most))


def chunksize(call_s: float, calls: int | None, workers: int, dispatch_s: float) -> int:
    """Calls to hand over at once: enough to make dispatch cheap, few enough to keep every worker busy to the
    end."""
    if call_s < SHORTEST_CALL_S:
        return 1
    cheap = math.ceil(min(dispatch_s / (DISPATCH_SHARE * call_s), MAX_CHUNKSIZE))
    balanced = cheap if calls is None else calls // (CHUNKS_PER_WORKER * workers)
    return max(1, min(cheap, balanced))


def calls_per_round(
    call_s: float,
    round_s: float,
    *,
    speedup: float,
    workers: int,
    input_count: int,
    max_calls: int | None = None,
) -> int:
    """Calls that fill a round: at least one a worker, and `CALLS_PER_WORKER` where that does not `STRETCH` it
    too far.

    Whole passes over the inputs where a round holds one, so that every round does the same work; never more
    than ``max_calls``. ``speedup`` is the one expected of the configuration.
    """
    per_second = speedup / call_s if call_s > 0 else math.inf
    most = max_calls if max_calls is not None else 10**9
    filling = min(round_s * per_second, most)
    balanced = min(CALLS_PER_WORKER * workers, STRETCH * round_s * per_second)
    calls = min(max(1, workers, round(max(filling, balanced))), most)
    return _whole_passes(calls, input_count, most)


def _whole_passes(calls: int, input_count: int, most: int) -> int:
    if input_count < 1 or calls < input_count:
        return max(calls, 1)
    passes = min(round(calls / input_count), most // input_count)
    return passes * input_count


def round_s(budget_s: float, configurations: int) -> float:
    """What a round should last: `TARGET_ROUND_S`, less where the budget has no room for `ROUNDS` of each
    configuration."""
    affordable = max(budget_s, 0.0) / (ROUNDS * max(configurations, 1))
    return max(min(TARGET_ROUND_S, affordable), MIN_ROUND_S)
