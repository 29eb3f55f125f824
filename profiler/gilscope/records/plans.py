"""What task queues take, what it takes to do so much work, and how they are set for it."""

from __future__ import annotations

from typing import Literal

from gilscope.records.base import Record

__all__ = [
    "Capacity",
    "FleetOption",
    "FleetPoint",
    "LocalOption",
    "QueueFigures",
    "QueueProgram",
    "QueueSetting",
    "Wanted",
]


class QueueFigures(Record, frozen=True, kw_only=True):
    """What a task queue takes beside the calls, which go in tasks of ``chunksize`` calls each."""

    enqueue_s: float | None = None
    """A task's cost to the caller: pickling its arguments and handing them to the broker. The mean over all tasks."""
    queue_wait_p50_s: float | None = None
    """From enqueueing a task to its start, on an idle queue."""
    execute_p50_s: float | None = None
    """From the start of a task's first call to the end of its last."""
    fetch_s: float | None = None
    """Reading the result of a task that is done and has no calls."""
    round_trip_s: float | None = None
    """From enqueueing a task without calls on an idle queue to having its result: the median."""
    tasks_per_s: float | None = None
    """Tasks without calls that these workers get done a second while many are waiting: the most that the queue can."""
    broker_cpu_s: float | None = None
    """CPU of the broker for a task; None where the broker serves others too."""
    worker_cpu_s: float | None = None
    """CPU of a worker for a task, what it starts for it included, beside the calls: the median."""
    rtt_s: float | None = None
    """The network round trip, made by delaying every message, that was put between the broker and all who use it
    (between Dask's scheduler and its client and workers; what its scheduler fetches from workers is not delayed); None
    where there was none."""
    reason: str | None = None
    """Why they could not be taken, where that is so."""
    workers_lost: int | None = None
    """Workers on other hosts that ended, or were cut off, meanwhile; None where the workers were of this machine."""
    tasks_again: int | None = None
    """How often a task was handed out again because its worker was lost; None likewise."""
    broker: Literal["redis", "rabbitmq"] | None = None
    """What the tasks travelled over; Valkey is a Redis here. None for Dask, which has no broker."""


class Wanted(Record, frozen=True, kw_only=True):
    """How much is to be done, and how fast."""

    per_s: float
    """Calls per second."""
    items: float | None = None
    """Calls in all; None where they come for ever."""
    within_s: float | None = None


class LocalOption(Record, frozen=True, kw_only=True):
    """What this machine alone can do."""

    configuration: str
    """The best that was measured, in words."""
    throughput_per_s: float
    throughput_low: float
    throughput_high: float
    enough: bool | None
    """Whether that is as much as is wanted; None when the interval spans it."""
    takes_s: float | None = None
    """For all items; None where they come for ever."""


class FleetPoint(Record, frozen=True, kw_only=True):
    """One number of workers in the model."""

    machines: int
    workers: int
    throughput_per_s: float
    """Calls per second."""
    latency_s: float
    """Of a task: from a worker's asking for it to its result being stored."""
    bottleneck: str
    """``workers``, ``broker``, ``caller``, ``cpus`` or ``gil``."""


class FleetOption(Record, frozen=True, kw_only=True):
    """Machines of one size under one task queue."""

    engine: str
    """The backend: ``rq``, ``celery``, ``dask``, and its variants."""
    cpus_each: int
    workers_each: int
    batch: int
    """Calls in a task."""
    machines: int | None
    """The fewest that do it; None when no number of them does."""
    machines_low: int | None = None
    machines_high: int | None = None
    throughput_per_s: float | None = None
    """Of so many machines, by the model, in calls per second."""
    throughput_low: float | None = None
    throughput_high: float | None = None
    bottleneck: str | None = None
    reason: str | None = None
    """Why no number of machines does it."""
    pays_from_batch: int | None = None
    """The fewest calls in a task for which two machines do more than this machine without a queue; None: no number."""
    saturates_at_workers: int | None = None
    """From so many workers on the broker or the caller is busy all the time, and more workers do no more."""
    saturated: str | None = None
    """Which of the two."""
    curve: tuple[FleetPoint, ...] = ()
    """Throughput and latency up to 10,000 workers."""


class Capacity(Record, frozen=True, kw_only=True):
    """Whether this machine can do what is wanted, and what can if not."""

    wanted: Wanted
    local: LocalOption | None = None
    fleets: tuple[FleetOption, ...] = ()
    """Of each task queue that was measured; empty where none was."""
    reason: str
    """The answer in a sentence."""


class QueueSetting(Record, frozen=True, kw_only=True):
    """How one thing is to be set under a task queue that was measured."""

    engine: str
    """The backend: ``rq``, ``celery``, ``dask``, or the variant that did best."""
    setting: str
    """Its name where it is set: in the configuration, or as an option of the command that starts workers."""
    value: str | None
    """As it is written there; None: leave it unset."""
    reason: str
    """The figures it follows from, or what would have to be known."""


class QueueProgram(Record, frozen=True, kw_only=True):
    """A task queue's configuration to paste, with its settings in it."""

    engine: str
    code: str
    """A module that both workers and callers load; its first lines say how workers are started."""
