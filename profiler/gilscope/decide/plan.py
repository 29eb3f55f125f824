"""Which configurations to measure, with how many calls, for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gilscope.decide.classify import COMPUTE_SHARE, compute_share
from gilscope.decide.facts import LOOP_KINDS, BackendFacts, Machine, Plan, Shape
from gilscope.decide.mva import visited
from gilscope.decide.predict import SHORTEST_CALL_S, curve, gil_share_range, stations_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gilscope.records import Demands, Kind, StartMethod

__all__ = ["Schedule", "calls_per_round", "candidates", "chunksize", "knee", "schedule", "worker_counts"]

#: The most workers planned unasked. Threads: the cap of ThreadPoolExecutor's own default; beyond it the
#: memory of the stacks and the limits of whatever is waited for come first. Coroutines cost less, and 64
#: shows where they lead.
MAX_WORKERS: dict[Shape, int] = {"serial": 1, "thread": 32, "process": 61, "loop": 64}
#: The knee: the fewest workers with this part of the best throughput; the rest is within the noise of
#: measuring it.
KNEE_SHARE = 0.95
#: A span of worker counts this wide is measured in its (geometric) middle, where real servers often saturate,
#: instead of at its low end, which the model knows best.
WIDE_SPAN = 4
#: Processes for each CPU, for calls that also wait: twice as many keep a CPU busy through as much waiting as
#: computing; more cost their start-up and memory, and threads are the measure of calls that mostly wait.
PROCESSES_PER_CPU = 2
#: CPUs from which on half of them is measured too: hyperthreads and memory bandwidth often end the gain
#: there.
MANY_CPUS = 8
#: A chunk is long enough when its dispatch adds at most this part to its work.
DISPATCH_SHARE = 0.05
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
#: Rounds without and with the sampler. Three against three are the fewest whose ranks carry an interval.
CLEAN_ROUNDS, OBSERVED_ROUNDS = 3, 1


@dataclass(frozen=True)
class Schedule:
    """How a budget is spent: rounds of each configuration, and what one should last."""

    clean_rounds: int
    observed_rounds: int
    round_s: float


def candidates(
    demands: Demands,
    machine: Machine,
    *,
    kind: Kind,
    backends: Iterable[BackendFacts],
    workers_asked: Sequence[int] | None = None,
    chunksize_asked: int | None = None,
    start_method: StartMethod | None = None,
    calls: int | None = None,
) -> list[Plan]:
    """The configurations to measure, in the order of ``backends``; at most six for the four that come with
    gilscope.

    ``calls`` bounds the chunks where it is known how many there will be; ``start_method`` goes to the
    backends that have one.
    """
    plans = []
    for facts in backends:
        shape = facts.shape(kind)
        method = start_method or "spawn" if facts.start_methods else None
        for workers in _counts(facts, shape, demands, machine, kind, workers_asked):
            chunk = chunksize_asked or _planned_chunksize(facts.name, shape, demands, machine, workers, calls)
            plans.append(Plan(facts.name, workers, chunk if shape == "process" else 1, method))
    return plans


#: Plain functions (False) reach threads through asyncio as well, coroutines (True) overlap in threads as
#: well: one configuration of the second way is enough, for the first shows how it scales.
_SECOND_WAY = {False: "asyncio", True: "thread"}


def _counts(
    facts: BackendFacts,
    shape: Shape,
    demands: Demands,
    machine: Machine,
    kind: Kind,
    asked: Sequence[int] | None,
) -> Sequence[int]:
    if shape == "serial":
        return (1,)
    if facts.fixed_workers is not None:
        return (facts.fixed_workers,)
    if asked:
        return sorted(set(asked))
    counts = worker_counts(shape, demands, machine, facts.name)
    return counts[-1:] if facts.name == _SECOND_WAY[kind in LOOP_KINDS] else counts


def worker_counts(shape: Shape, demands: Demands, machine: Machine, backend: str) -> tuple[int, ...]:
    """The worker counts worth measuring: from the CPUs (or the least that overlap) up to the predicted
    knee."""
    cpus = math.ceil(machine.cpus)
    best = min(_power_of_two(knee(shape, demands, machine, backend)), MAX_WORKERS[shape])
    if shape == "process":
        return _process_counts(cpus, best, compute_share(demands))
    low = 8 if shape == "loop" else max(2, cpus)
    if best <= low:
        return (low,)
    middle = round(math.sqrt(low * best))
    return (middle, best) if shape == "thread" and best >= WIDE_SPAN * low else (low, best)


def _power_of_two(count: int) -> int:
    """The next one up: the knee is flat, and 32 is easier to compare between runs than 31."""
    return 1 << (count - 1).bit_length()


def _process_counts(cpus: int, best: int, computing: float | None) -> tuple[int, ...]:
    if computing is not None and computing < COMPUTE_SHARE:
        return (min(max(cpus, best), PROCESSES_PER_CPU * cpus),)
    return (cpus // 2, cpus) if cpus >= MANY_CPUS else (cpus,)


def knee(shape: Shape, demands: Demands, machine: Machine, backend: str) -> int:
    """The fewest workers that the model expects to reach `KNEE_SHARE` of the best throughput up to
    `MAX_WORKERS`."""
    share = gil_share_range(demands, machine.samples)[1]
    stations = stations_for(shape, demands, machine, backend=backend, gil_share=share)
    if not visited(stations):
        return 1
    expected = curve(stations, demands, machine, MAX_WORKERS[shape])
    return next(n for n, value in enumerate(expected, start=1) if value >= KNEE_SHARE * max(expected))


def chunksize(call_s: float, calls: int | None, workers: int, dispatch_s: float) -> int:
    """Calls to hand over at once: enough to make dispatch cheap, few enough to keep every worker busy to the
    end."""
    if call_s < SHORTEST_CALL_S:
        return 1
    cheap = math.ceil(min(dispatch_s / (DISPATCH_SHARE * call_s), MAX_CHUNKSIZE))
    balanced = cheap if calls is None else calls // (CHUNKS_PER_WORKER * workers)
    return max(1, min(cheap, balanced))


def _planned_chunksize(
    backend: str, shape: Shape, demands: Demands, machine: Machine, workers: int, calls: int | None
) -> int:
    dispatch_s = machine.dispatch_s.get(backend, 0.0) if shape == "process" else 0.0
    return chunksize(demands.wall_s, calls, workers, dispatch_s)


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


def schedule(budget_s: float, configurations: int, *, call_s: float, startup_s: float = 0.0) -> Schedule:
    """How to spend ``budget_s`` on so many configurations, each of which starts in ``startup_s``.

    Rounds last `TARGET_ROUND_S`, shorter where the budget asks for it. When a single call outlasts the round
    that is affordable, clean rounds are given up, one after the other, before the last: one clean and one
    observed stay.
    """
    available = max(budget_s - configurations * startup_s, 0.0) / max(configurations, 1)
    affordable = available / (CLEAN_ROUNDS + OBSERVED_ROUNDS)
    round_s = max(min(TARGET_ROUND_S, affordable), MIN_ROUND_S)
    rounds = math.floor(available / max(round_s, call_s) + 1e-9)
    clean = min(max(rounds - OBSERVED_ROUNDS, 1), CLEAN_ROUNDS)
    return Schedule(clean, OBSERVED_ROUNDS, round_s)
