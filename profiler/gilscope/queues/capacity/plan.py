"""The capacity plan: can this machine do so much, and if not, how many machines under which task queue can."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from gilscope.decide.demands import call_s
from gilscope.queues.capacity.costs import TaskCosts, costs_of, workers_that_fill
from gilscope.records import Capacity, FleetOption, FleetPoint, LocalOption, Wanted
from gilscope.units import counted, duration, exact, rate, thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gilscope.queues.capacity.model import Fleet
    from gilscope.records import Demands, Trial

__all__ = ["MOST_WORKERS", "capacity"]

MOST_WORKERS = 10_000
#: A caller or a broker that is busier than this has no room for a bad minute.
HEADROOM = 0.7
#: Steps of the curve from one power of ten to the next.
STEPS = (1, 3)


@dataclass(frozen=True)
class _Question:
    """What every option rests on."""

    wanted: Wanted
    demands: Demands
    local_per_s: float
    rtt_s: float
    most_workers: int


def capacity(
    wanted: Wanted,
    demands: Demands,
    trials: Sequence[Trial],
    cpus_each: Sequence[int],
    rtt_s: float = 0.0,
    most_workers: int = MOST_WORKERS,
) -> Capacity:
    """The plan.

    :param cpus_each: sizes of machine to plan with
    :param rtt_s: a network round trip between them
    :param most_workers: no fleet is larger
    """
    local = _local(wanted, trials)
    if local is None:
        return Capacity(wanted=wanted, reason="cannot tell: nothing was measured")
    asked = _Question(wanted, demands, local.throughput_per_s, rtt_s, most_workers)
    queued = dict.fromkeys(trial.backend for trial in trials if trial.queue is not None)
    known = [(costs_of(name, trials, demands), _spread(name, trials)) for name in queued]
    fleets = tuple(
        _option(asked, costs, spread, cpus) for costs, spread in known if costs is not None for cpus in cpus_each
    )
    return Capacity(wanted=wanted, local=local, fleets=fleets, reason=_reason(wanted, local, fleets))


def _local(wanted: Wanted, trials: Sequence[Trial]) -> LocalOption | None:
    """The fastest that needs no queue."""
    known = [trial for trial in trials if trial.throughput_per_s and trial.queue is None and trial.status == "ok"]
    if not known:
        return None
    best = max(known, key=lambda trial: trial.throughput_per_s or 0.0)
    per_s = best.throughput_per_s or 0.0
    low, high = best.throughput_low or per_s, best.throughput_high or per_s
    return LocalOption(
        configuration=best.name,
        throughput_per_s=per_s,
        throughput_low=low,
        throughput_high=high,
        enough=True if low >= wanted.per_s else False if high < wanted.per_s else None,
        takes_s=None if wanted.items is None else wanted.items / per_s,
    )


def _spread(backend: str, trials: Sequence[Trial]) -> tuple[float, float]:
    """How far the engine's throughput may be from what was measured: factors, low and high."""
    found = [trial for trial in trials if trial.backend == backend and trial.throughput_per_s]
    lows = [(trial.throughput_low or 0.0) / trial.throughput_per_s for trial in found if trial.throughput_per_s]
    highs = [(trial.throughput_high or 0.0) / trial.throughput_per_s for trial in found if trial.throughput_per_s]
    return min([low for low in lows if low > 0], default=1.0), max(highs, default=1.0) or 1.0


def _option(asked: _Question, costs: TaskCosts, spread: tuple[float, float], cpus: int) -> FleetOption:
    batch = costs.fewest_calls(call_s(asked.demands), keeps_up=partial(_keeps_up, asked, costs))
    workers = workers_that_fill(costs, asked.demands, cpus, batch)
    one = costs.fleet(asked.demands, machines=1, workers_each=workers, cpus_each=cpus, batch=batch, rtt_s=asked.rtt_s)
    most = max(1, asked.most_workers // workers)
    machines = _fewest(one, asked.wanted.per_s / batch, most)
    outcome = replace(one, machines=machines or most).outcome()
    per_s = outcome.tasks_per_s * batch
    full, name = _saturation(one)
    return FleetOption(
        engine=costs.name,
        cpus_each=cpus,
        workers_each=workers,
        batch=batch,
        machines=machines,
        bottleneck=outcome.bottleneck,
        reason=None if machines else _why_none(per_s, outcome.bottleneck, asked),
        throughput_per_s=per_s,
        throughput_low=per_s * spread[0],
        throughput_high=per_s * spread[1],
        machines_low=None if machines is None else max(1, math.ceil(machines / spread[1])),
        machines_high=None if machines is None else math.ceil(machines / spread[0]),
        pays_from_batch=_pays_from(asked, costs),
        saturates_at_workers=full,
        saturated=name,
        curve=tuple(_curve(one, batch, most)),
    )


def _keeps_up(asked: _Question, costs: TaskCosts, batch: int) -> bool:
    """Whether caller and broker do with tasks of so many calls, and have room for a bad minute."""
    return asked.wanted.per_s * max(costs.caller_s(batch) + asked.rtt_s, costs.broker_s) <= HEADROOM * batch


def _pays_from(asked: _Question, costs: TaskCosts) -> int | None:
    """The fewest calls in a task with which the caller hands over more than this machine does by itself."""
    spare_s = 1 / asked.local_per_s - costs.pickle_s / 2
    fixed_s = max(costs.enqueue_s + costs.fetch_s + asked.rtt_s, costs.broker_s)
    return max(1, math.ceil(fixed_s / spare_s)) if spare_s > 0 else None


def _fewest(one: Fleet, tasks_per_s: float, most: int) -> int | None:
    """The fewest machines that do so many tasks a second; None where ``most`` of them do not."""
    found = 1 + bisect_left(
        range(1, most + 1), tasks_per_s, key=lambda machines: replace(one, machines=machines).outcome().tasks_per_s
    )
    return found if found <= most else None


def _saturation(one: Fleet) -> tuple[int | None, str | None]:
    """From how many workers on the caller or the broker sets the pace, and which: N* of operational analysis
    (Lazowska et al., Quantitative System Performance, 1984, §5.3)."""
    limits = {"caller": one.caller_per_s, "broker": one.broker_per_s}
    name = min(limits, key=lambda part: limits[part])
    if math.isinf(limits[name]):
        return None, None
    each_per_s = one.outcome().tasks_per_s / one.workers
    return math.ceil(limits[name] / each_per_s), name


def _curve(one: Fleet, batch: int, most: int) -> Iterator[FleetPoint]:
    """At a few numbers of machines, up to the most."""
    grid = [step * 10**power for power in range(5) for step in STEPS]
    for machines in (*(machines for machines in grid if machines < most), most):
        outcome = replace(one, machines=machines).outcome()
        yield FleetPoint(
            machines=machines,
            workers=machines * one.workers_each,
            throughput_per_s=outcome.tasks_per_s * batch,
            latency_s=outcome.latency_s,
            bottleneck=outcome.bottleneck,
        )


def _why_none(per_s: float, bottleneck: str, asked: _Question) -> str:
    limit = {
        "caller": "one caller cannot hand over tasks faster: enqueue from several processes, or in larger tasks",
        "broker": "the broker is busy all the time: use larger tasks, or several brokers",
    }.get(bottleneck, f"{thousands(asked.most_workers)} workers are planned at most")
    return f"{rate(per_s)} at most, where {rate(asked.wanted.per_s)} are wanted: {limit}"


def _reason(wanted: Wanted, local: LocalOption, fleets: Sequence[FleetOption]) -> str:
    can = f"{local.configuration} on this machine does {rate(local.throughput_per_s)}"
    if local.takes_s is not None:
        can += f", all {exact(round(wanted.items or 0))} in {duration(local.takes_s)}"
    if local.enough:
        return f"yes: {can}"
    doubt = "no" if local.enough is False else "cannot tell within the noise"
    able = [fleet for fleet in fleets if fleet.machines is not None]
    if able:
        best = min(able, key=lambda fleet: ((fleet.machines or 0) * fleet.cpus_each, fleet.batch))
        machines = counted(best.machines or 0, "machine")
        size = f"{counted(best.cpus_each, 'CPU')} and {counted(best.workers_each, 'worker')} each"
        return f"{doubt}: {can}; {best.engine} does on {machines} of {size}, {counted(best.batch, 'call')} a task"
    if fleets:
        return f"{doubt}: {can}, and no fleet does either: {fleets[0].reason}"
    return f"{doubt}: {can}; to plan with more machines, measure a task queue too: -b rq,celery,dask"
