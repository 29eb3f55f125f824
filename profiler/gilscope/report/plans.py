"""The capacity plan, as tables of plain strings."""

from __future__ import annotations

from collections.abc import Callable

from gilscope.records import Capacity, FleetOption, FleetPoint, QueueFigures, QueueSetting, ResultRecord
from gilscope.report.curves import Curve, Point
from gilscope.report.tables import NOT_APPLICABLE, Column, Row, Table
from gilscope.units import UNKNOWN, counted, duration, interval, rate

__all__ = ["costs", "curves", "fleets", "latencies", "plan", "queue_settings", "throughputs"]

#: A setting that is left as it is.
UNSET = "unset"


def plan(result: ResultRecord) -> str:
    """The answer in a sentence; empty where nothing was asked."""
    found = result.capacity
    return "" if found is None else f"{_question(found)} {found.reason}."


def _question(found: Capacity) -> str:
    wanted = found.wanted
    if wanted.items is None or wanted.within_s is None:
        return f"Wanted: {rate(wanted.per_s)}."
    return f"Wanted: {wanted.items:,.0f} calls within {duration(wanted.within_s)}, {rate(wanted.per_s)}."


def fleets(result: ResultRecord) -> Table:
    """Machines of one size under one task queue, a row each."""
    texts = ("queue", "bottleneck", "more workers do no more from")
    titles = ("queue", "machine", "workers each", "calls a task", "machines", "does", "interval", "bottleneck")
    columns = tuple(
        Column(title, title not in texts, title in titles[:6]) for title in (*titles, texts[-1], "pays from")
    )
    options = result.capacity.fleets if result.capacity else ()
    return Table(columns, tuple(_row(option) for option in options))


def _row(option: FleetOption) -> Row:
    return Row(
        (
            option.engine,
            counted(option.cpus_each, "CPU"),
            f"{option.workers_each}",
            f"{option.batch:,}",
            _machines(option),
            rate(option.throughput_per_s),
            interval(option.throughput_low, option.throughput_high),
            option.bottleneck or UNKNOWN,
            _saturation(option),
            "no batch" if option.pays_from_batch is None else f"{counted(option.pays_from_batch, 'call')} a task",
        )
    )


def _machines(option: FleetOption) -> str:
    if option.machines is None:
        return "no number"
    low, high = option.machines_low, option.machines_high
    between = f" ({low:,} to {high:,})" if low is not None and high is not None and low < high else ""
    return f"{option.machines:,}{between}"


def _saturation(option: FleetOption) -> str:
    if option.saturates_at_workers is None:
        return NOT_APPLICABLE
    return f"{option.saturates_at_workers:,} workers ({option.saturated})"


def curves(result: ResultRecord) -> Table:
    """Throughput and latency against workers, as simulated."""
    titles = ("queue", "machine", "machines", "workers", "does", "latency of a task", "bottleneck")
    columns = tuple(Column(title, title not in ("queue", "bottleneck")) for title in titles)
    options = result.capacity.fleets if result.capacity else ()
    rows = (
        Row(
            (
                option.engine,
                f"{option.cpus_each} CPUs",
                f"{point.machines:,}",
                f"{point.workers:,}",
                rate(point.throughput_per_s),
                duration(point.latency_s),
                point.bottleneck,
            )
        )
        for option in options
        for point in option.curve
    )
    return Table(columns, tuple(rows))


def throughputs(result: ResultRecord) -> tuple[Curve, ...]:
    """The same as lines of a picture: calls per second against workers."""
    return _lines(result, lambda point: point.throughput_per_s)


def latencies(result: ResultRecord) -> tuple[Curve, ...]:
    """And the seconds that a task takes."""
    return _lines(result, lambda point: point.latency_s)


def _lines(result: ResultRecord, figure: Callable[[FleetPoint], float]) -> tuple[Curve, ...]:
    options = result.capacity.fleets if result.capacity else ()
    return tuple(
        Curve(
            f"{option.engine}, {option.cpus_each} CPUs",
            tuple(
                Point(f"{point.workers:,} workers", point.workers, figure(point), figure(point), figure(point), False)
                for point in option.curve
            ),
        )
        for option in options
        if option.curve
    )


def costs(result: ResultRecord) -> Table:
    """What each task queue takes beside the calls, as measured."""
    titles = ("enqueue", "queue wait", "execute", "fetch", "round trip", "broker's CPU", "worker's CPU", "backlog")
    brief = ("enqueue", "fetch", "round trip", "backlog")
    columns = (Column("configuration", False), *(Column(title, True, title in brief) for title in titles))
    rows = (
        _cost(trial.name, queue)
        for trial in result.trials
        for queue in (trial.queue, trial.queue_delayed)
        if queue is not None
    )
    return Table(columns, tuple(rows)).telling()


def _cost(name: str, queue: QueueFigures) -> Row:
    network = "" if queue.rtt_s is None else f" with {duration(queue.rtt_s)} round trip"
    figures = (
        *(queue.enqueue_s, queue.queue_wait_p50_s, queue.execute_p50_s, queue.fetch_s, queue.round_trip_s),
        *(queue.broker_cpu_s, queue.worker_cpu_s),
    )
    backlog = UNKNOWN if queue.tasks_per_s is None else f"{rate(queue.tasks_per_s)}"
    return Row((name + network, *(duration(figure) for figure in figures), backlog))


def queue_settings(result: ResultRecord) -> Table:
    """How each task queue that was measured is to be set, and why."""
    columns = tuple(Column(title, numeric=False) for title in ("queue", "setting", "value", "because"))
    return Table(columns, tuple(Row(_set(setting)) for setting in result.queue_settings))


def _set(setting: QueueSetting) -> tuple[str, ...]:
    return setting.engine, setting.setting, UNSET if setting.value is None else setting.value, setting.reason
