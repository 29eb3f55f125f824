"""What it takes to do so much work, and how task queues are set for it: part of the record (`gilscope.records`)."""

from __future__ import annotations

from gilscope.accounts import Record

__all__ = ["Capacity", "FleetOption", "FleetPoint", "LocalOption", "QueueProgram", "QueueSetting", "Wanted"]


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
    """One number of workers in the simulation."""

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
    """Of so many machines, simulated, in calls per second."""
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
