"""What a report says of task queues: whether they are enough, what they cost, how they are set, what to paste."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gilscope.records import Capacity, FleetOption, FleetPoint, QueueFigures, QueueSetting, ResultRecord, Trial
from gilscope.report.consequences import enough
from gilscope.report.document import NOT_APPLICABLE, Block, Code, Detail, Items, Paragraph, Row, Section, Table, headed
from gilscope.report.pictures import Curve, CurveChart, Point
from gilscope.report.registry import Maker
from gilscope.units import UNKNOWN, counted, duration, interval, rate, span, thousands

__all__ = ["SECTIONS", "capacity", "queues"]

#: A setting that is left as it is.
UNSET: Final = "unset"


# ---- how many machines ----


def capacity(result: ResultRecord) -> Section | None:
    """The answer to how much is wanted; None where nothing was asked."""
    found = result.capacity
    if found is None:
        return None
    blocks: list[Block] = [Paragraph(enough(found), "strong", detail=Detail.BRIEF)]
    if found.fleets:
        points = _points(found)
        rates = _chart(found, "calls per second", lambda point: point.throughput_per_s, None)
        times = _chart(found, "seconds a task", lambda point: point.latency_s, points, is_time=True)
        blocks += [_fleets(found), *([rates, times] if points.rows else [])]
    subtitle = "by the queueing model, from the measured demands and the queues' costs"
    return Section("Enough for what is wanted?", tuple(blocks), subtitle, Detail.BRIEF)


def _fleets(found: Capacity) -> Table:
    """Machines of one size under one task queue, a row each."""
    texts = ("queue", "bottleneck", "more workers do no more from")
    brief = ("queue", "machine", "workers each", "calls a task", "machines", "does")
    titles = (*brief, "interval", "bottleneck", "more workers do no more from", "pays from")
    columns = headed(titles, texts, brief)
    return Table(
        columns,
        tuple(Row(_fleet(option)) for option in found.fleets),
        "machines under each task queue",
        detail=Detail.USUAL,
    )


def _fleet(option: FleetOption) -> tuple[str, ...]:
    return (
        option.engine,
        counted(option.cpus_each, "CPU"),
        f"{option.workers_each}",
        thousands(option.batch),
        _machines(option),
        rate(option.throughput_per_s),
        interval(option.throughput_low, option.throughput_high),
        option.bottleneck or UNKNOWN,
        _saturation(option),
        "no batch" if option.pays_from_batch is None else f"{counted(option.pays_from_batch, 'call')} a task",
    )


def _machines(option: FleetOption) -> str:
    if option.machines is None:
        return "no number"
    low, high = option.machines_low, option.machines_high
    between = f" ({span(low, high)})" if low is not None and high is not None and low < high else ""
    return f"{thousands(option.machines)}{between}"


def _saturation(option: FleetOption) -> str:
    if option.saturates_at_workers is None:
        return NOT_APPLICABLE
    return f"{counted(option.saturates_at_workers, 'worker')} ({option.saturated})"


def _points(found: Capacity) -> Table:
    """Throughput and latency against workers."""
    titles = ("queue", "machine", "machines", "workers", "does", "latency of a task", "bottleneck")
    rows = tuple(Row(_point(option, point)) for option in found.fleets for point in option.curve)
    return Table(headed(titles, texts=("queue", "bottleneck")), rows, "throughput and latency against workers")


def _point(option: FleetOption, point: FleetPoint) -> tuple[str, ...]:
    size = (counted(option.cpus_each, "CPU"), thousands(point.machines), thousands(point.workers))
    return (option.engine, *size, rate(point.throughput_per_s), duration(point.latency_s), point.bottleneck)


def _chart(
    found: Capacity, unit: str, figure: Callable[[FleetPoint], float], table: Table | None, *, is_time: bool = False
) -> CurveChart:
    curves = tuple(
        Curve(
            f"{option.engine}, {counted(option.cpus_each, 'CPU')}",
            tuple(Point(counted(point.workers, "worker"), point.workers, figure(point)) for point in option.curve),
        )
        for option in found.fleets
        if option.curve
    )
    about = f"Expected {unit} against workers, a line for each task queue; the figures are in the table."
    return CurveChart(curves, unit, is_time, about=about, table=table, detail=Detail.FULL)


# ---- costs, settings, programs ----


def queues(result: ResultRecord) -> Section | None:
    """What each task queue takes beside the calls, and how it is to be run."""
    costs, settings, programs = costs_of(result), result.queue_settings, result.queue_programs
    blocks: list[Block] = [
        *(Paragraph(remark, "warning") for remark in _undelayed(result)),
        *([costs] if costs.rows else []),
        *([Items(tuple(map(_setting, settings)))] if settings else []),
        *(Code(program.code, f"program to paste for {program.engine}", aside=True) for program in programs),
    ]
    return (
        Section("Task queues", tuple(blocks), "what they cost a task, and how to set them", Detail.USUAL)
        if blocks
        else None
    )


def _undelayed(result: ResultRecord) -> list[str]:
    """What could not be measured with a network in between."""
    told = ((trial.name, trial.queue_delayed) for trial in result.trials)
    return [
        f"{name} could not be measured with a network round trip: {queue.reason}."
        for name, queue in told
        if queue is not None and queue.reason is not None
    ]


def costs_of(result: ResultRecord) -> Table:
    """What each task queue takes beside the calls, as measured."""
    costs = ("enqueue", "queue wait", "execute", "fetch", "round trip", "broker's CPU", "worker's CPU", "backlog")
    brief = ("configuration", "enqueue", "fetch", "round trip", "backlog")
    columns = headed(("configuration", *costs), ("configuration",), brief)
    told = [(trial, queue) for trial in result.trials for queue in (trial.queue, trial.queue_delayed) if queue]
    return Table(columns, tuple(Row(_cost(*each)) for each in told), "costs of the task queues, a task").telling()


def _cost(trial: Trial, queue: QueueFigures) -> tuple[str, ...]:
    network = "" if queue.rtt_s is None else f" with {duration(queue.rtt_s)} round trip"
    seconds = (
        *(queue.enqueue_s, queue.queue_wait_p50_s, queue.execute_p50_s, queue.fetch_s, queue.round_trip_s),
        *(queue.broker_cpu_s, queue.worker_cpu_s),
    )
    return (trial.name + network, *map(duration, seconds), rate(queue.tasks_per_s))


def _setting(setting: QueueSetting) -> tuple[str, str]:
    value = UNSET if setting.value is None else setting.value
    return f"{setting.engine} {setting.setting}", f"{value} — {setting.reason}"


SECTIONS: Final = (Maker(50, capacity), Maker(850, queues))
