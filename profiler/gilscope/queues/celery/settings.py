"""Celery's settings (docs.celeryq.dev: Optimizing, Workers Guide, Configuration and defaults)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gilscope.units import byte_size, counted, duration, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gilscope.queues.settings.measured import MeasuredQueue
    from gilscope.records import QueueSetting

__all__ = ["CONSUMER", "POOLS", "prefetched", "settings"]

#: What stands in the place of a visibility timeout with RabbitMQ.
CONSUMER = "consumer_timeout"
#: Celery's name for each backend's workers.
POOLS = {"celery": "prefork", "celery-threads": "threads", "celery-gevent": "gevent"}

#: A task so many times as long as the round trip loses little while the next one is fetched.
LONG_TRIPS = 10
#: Of a task longer than this, losing one or waiting behind one matters.
LONG_S = 1.0
#: Where more than this were needed, tasks are too short for a queue.
MOST_PREFETCHED = 128
#: A worker that grew by more than this keeps what its tasks leave behind.
GROWN_BYTES = 4 << 20
#: A task that did not end at the soft limit gets half as long again to clean up.
HARDER = 1.5
#: After so many milliseconds RabbitMQ closes the channel of who holds it.
PATIENT_MS = 1_800_000
#: After so many seconds without an acknowledgement Redis gives a task to another worker, unless told otherwise.
VISIBLE_S = 3600
NO_LIMITS = "this pool enforces none: give what the function waits for a timeout of its own"


def settings(queue: MeasuredQueue) -> Iterator[QueueSetting]:
    """Of the worker command, then of the configuration."""
    pool = POOLS[queue.trial.backend]
    threads = pool != "prefork"
    multiplier, why = prefetched(queue.task_s, queue.costs.round_trip_s)
    yield queue.set("--pool", pool, queue.variant_reason())
    yield queue.set("--concurrency", queue.trial.workers, queue.workers_reason())
    yield queue.batching()
    yield queue.set("worker_prefetch_multiplier", multiplier, why)
    yield _acknowledgement(queue, multiplier)
    yield from _limits(queue, threads)
    yield _patience(queue, multiplier) if queue.costs.broker == "rabbitmq" else _visibility(queue, multiplier)
    yield _results(queue)
    yield from _restarts(queue, threads)


def prefetched(task_s: float, round_trip_s: float | None) -> tuple[int | None, str]:
    """How many tasks each worker takes ahead, and why: as many as it gets done while another one comes."""
    length = f"a task of {duration(task_s)}"
    if task_s >= LONG_S:
        return 1, f"{length} is long: taken ahead, it would wait behind another while other workers are idle"
    if round_trip_s is None:
        return None, "unknown: the round trip was not measured"
    trip = f"the round trip takes {duration(round_trip_s)}"
    if task_s >= LONG_TRIPS * round_trip_s:
        return (
            1,
            f"{length} is {number(task_s / round_trip_s)} times as long as the round trip, {duration(round_trip_s)}",
        )
    needed = math.ceil(round_trip_s / task_s) + 1 if task_s > 0 else MOST_PREFETCHED
    if needed > MOST_PREFETCHED:
        return MOST_PREFETCHED, f"{length} is too short for a queue: {trip}; put more calls in one"
    return needed, f"{length} is short: {trip}, in which a worker has {needed - 1} more to do"


def _acknowledgement(queue: MeasuredQueue, multiplier: int | None) -> QueueSetting:
    late = multiplier == 1
    why = (
        f"a task of {duration(queue.task_s)} goes to another worker where its own is lost: only if it may be run twice"
        if late
        else f"a task of {duration(queue.task_s)} is little to lose; acknowledged late, it may be run twice"
    )
    return queue.set("task_acks_late", late, why)


def _limits(queue: MeasuredQueue, threads: bool) -> Iterator[QueueSetting]:
    soft_s = queue.limit_s
    if threads or soft_s is None:
        for name in ("task_soft_time_limit", "task_time_limit"):
            yield queue.set(name, None, NO_LIMITS if threads else queue.limit_reason)
        return
    yield queue.set("task_soft_time_limit", soft_s, queue.limit_reason)
    yield queue.set("task_time_limit", math.ceil(HARDER * soft_s), "half as long again to clean up, then it is killed")


def _visibility(queue: MeasuredQueue, multiplier: int | None) -> QueueSetting:
    name = "broker_transport_options"
    if queue.longest_s is None or multiplier is None:
        return queue.set(name, None, "unknown, as the longest task is; Redis gives a task away after an hour")
    held_s = (1 + multiplier) * queue.longest_s
    holds = f"a worker may hold {1 + multiplier} tasks, at {duration(queue.longest_s)} each: {duration(held_s)}"
    enough = "less than Redis's own hour" if held_s <= VISIBLE_S else "after Redis's own hour they would be run twice"
    return queue.set(name, f'{{"visibility_timeout": {max(VISIBLE_S, math.ceil(held_s))}}}', f"{holds}, {enough}")


def _patience(queue: MeasuredQueue, multiplier: int | None) -> QueueSetting:
    """RabbitMQ's own setting (rabbitmq.com/docs/consumers: Delivery Acknowledgement Timeout), not one of Celery's."""
    if queue.longest_s is None or multiplier is None:
        return queue.set(
            CONSUMER, PATIENT_MS, "RabbitMQ's own; whether it is enough is unknown, as the longest task is"
        )
    held_s = (1 + multiplier) * queue.longest_s
    each_s = duration(queue.longest_s)
    holds = f"in rabbitmq.conf: a worker may hold {1 + multiplier} tasks, at {each_s} each: {duration(held_s)}"
    needed_ms = math.ceil(1e3 * held_s)
    enough = "less than RabbitMQ's own 30 minutes"
    enough = enough if needed_ms <= PATIENT_MS else "after RabbitMQ's own 30 minutes it would take them away"
    return queue.set(CONSUMER, max(PATIENT_MS, needed_ms), f"{holds}, {enough}")


def _results(queue: MeasuredQueue) -> QueueSetting:
    fetch_s = queue.costs.fetch_s
    saves = "" if fetch_s is None else f" and {duration(fetch_s)} of fetching it"
    return queue.set("task_ignore_result", False, f"True where nobody reads results saves storing each{saves}")


def _restarts(queue: MeasuredQueue, threads: bool) -> Iterator[QueueSetting]:
    trial, tasks, kilobytes = queue.trial, None, None
    held, growth = trial.memory_per_worker_bytes, trial.memory_growth_bytes
    holds = "" if held is None else f"; a worker holds {byte_size(held)}"
    why = "this pool ends no worker" if threads else f"how workers grow from task to task is unknown{holds}"
    if not threads and held is not None and growth is not None:
        calls = trial.calls / trial.workers
        why = f"a worker grew by {byte_size(round(max(growth, 0) * calls))} in {counted(round(calls), 'call')}{holds}"
        if growth * calls > GROWN_BYTES:
            tasks, kilobytes = max(1, round(held / (growth * queue.batch))), 2 * held // 1024
            why += ": replaced when it holds twice as much"
        else:
            why += ": nothing says that it goes on growing"
    yield queue.set("worker_max_tasks_per_child", tasks, why)
    yield queue.set("worker_max_memory_per_child", kilobytes, why if kilobytes is None else f"in KiB; {why}")
