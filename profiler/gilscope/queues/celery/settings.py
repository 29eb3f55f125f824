"""Celery's settings (docs.celeryq.dev: Optimizing, Workers Guide, Configuration and defaults)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gilscope.units import byte_size, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gilscope.queues.settings.ground import Ground
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


def settings(ground: Ground) -> Iterator[QueueSetting]:
    """Of the worker command, then of the configuration."""
    pool = POOLS[ground.trial.backend]
    threads = pool != "prefork"
    multiplier, why = prefetched(ground.task_s, ground.costs.round_trip_s)
    yield ground.set("--pool", pool, ground.variant_reason())
    yield ground.set("--concurrency", ground.trial.workers, ground.workers_reason())
    yield ground.batching()
    yield ground.set("worker_prefetch_multiplier", multiplier, why)
    yield _acknowledgement(ground, multiplier)
    yield from _limits(ground, threads)
    yield _patience(ground, multiplier) if ground.costs.broker == "rabbitmq" else _visibility(ground, multiplier)
    yield _results(ground)
    yield from _restarts(ground, threads)


def prefetched(task_s: float, round_trip_s: float | None) -> tuple[int | None, str]:
    """How many tasks each worker takes ahead, and why: as many as it gets done while another one comes."""
    length = f"a task of {duration(task_s)}"
    if task_s >= LONG_S:
        return 1, f"{length} is long: taken ahead, it would wait behind another while other workers are idle"
    if round_trip_s is None:
        return None, "unknown: the round trip was not measured"
    trip = f"the round trip takes {duration(round_trip_s)}"
    if task_s >= LONG_TRIPS * round_trip_s:
        return 1, f"{length} is {task_s / round_trip_s:.0f} times as long as the round trip, {duration(round_trip_s)}"
    needed = math.ceil(round_trip_s / task_s) + 1 if task_s > 0 else MOST_PREFETCHED
    if needed > MOST_PREFETCHED:
        return MOST_PREFETCHED, f"{length} is too short for a queue: {trip}; put more calls in one"
    return needed, f"{length} is short: {trip}, in which a worker has {needed - 1} more to do"


def _acknowledgement(ground: Ground, multiplier: int | None) -> QueueSetting:
    late = multiplier == 1
    why = (
        f"a task of {duration(ground.task_s)} goes to another worker where its own is lost: only if it may be run twice"
        if late
        else f"a task of {duration(ground.task_s)} is little to lose; acknowledged late, it may be run twice"
    )
    return ground.set("task_acks_late", late, why)


def _limits(ground: Ground, threads: bool) -> Iterator[QueueSetting]:
    soft_s = ground.limit_s
    if threads or soft_s is None:
        for name in ("task_soft_time_limit", "task_time_limit"):
            yield ground.set(name, None, NO_LIMITS if threads else ground.limit_reason)
        return
    yield ground.set("task_soft_time_limit", soft_s, ground.limit_reason)
    yield ground.set("task_time_limit", math.ceil(HARDER * soft_s), "half as long again to clean up, then it is killed")


def _visibility(ground: Ground, multiplier: int | None) -> QueueSetting:
    name = "broker_transport_options"
    if ground.longest_s is None or multiplier is None:
        return ground.set(name, None, "unknown, as the longest task is; Redis gives a task away after an hour")
    held_s = (1 + multiplier) * ground.longest_s
    holds = f"a worker may hold {1 + multiplier} tasks, at {duration(ground.longest_s)} each: {duration(held_s)}"
    enough = "less than Redis's own hour" if held_s <= VISIBLE_S else "after Redis's own hour they would be run twice"
    return ground.set(name, f'{{"visibility_timeout": {max(VISIBLE_S, math.ceil(held_s))}}}', f"{holds}, {enough}")


def _patience(ground: Ground, multiplier: int | None) -> QueueSetting:
    """RabbitMQ's own setting (rabbitmq.com/docs/consumers: Delivery Acknowledgement Timeout), not one of Celery's."""
    if ground.longest_s is None or multiplier is None:
        return ground.set(
            CONSUMER, PATIENT_MS, "RabbitMQ's own; whether it is enough is unknown, as the longest task is"
        )
    held_s = (1 + multiplier) * ground.longest_s
    each_s = duration(ground.longest_s)
    holds = f"in rabbitmq.conf: a worker may hold {1 + multiplier} tasks, at {each_s} each: {duration(held_s)}"
    needed_ms = math.ceil(1e3 * held_s)
    enough = "less than RabbitMQ's own 30 minutes"
    enough = enough if needed_ms <= PATIENT_MS else "after RabbitMQ's own 30 minutes it would take them away"
    return ground.set(CONSUMER, max(PATIENT_MS, needed_ms), f"{holds}, {enough}")


def _results(ground: Ground) -> QueueSetting:
    fetch_s = ground.costs.fetch_s
    saves = "" if fetch_s is None else f" and {duration(fetch_s)} of fetching it"
    return ground.set("task_ignore_result", False, f"True where nobody reads results saves storing each{saves}")


def _restarts(ground: Ground, threads: bool) -> Iterator[QueueSetting]:
    trial, tasks, kilobytes = ground.trial, None, None
    held, growth = trial.memory_per_worker_bytes, trial.memory_growth_bytes
    holds = "" if held is None else f"; a worker holds {byte_size(held)}"
    why = "this pool ends no worker" if threads else f"how workers grow from task to task is unknown{holds}"
    if not threads and held is not None and growth is not None:
        calls = trial.calls / trial.workers
        why = f"a worker grew by {byte_size(round(max(growth, 0) * calls))} in {calls:,.0f} calls{holds}"
        if growth * calls > GROWN_BYTES:
            tasks, kilobytes = max(1, round(held / (growth * ground.batch))), 2 * held // 1024
            why += ": replaced when it holds twice as much"
        else:
            why += ": nothing says that it goes on growing"
    yield ground.set("worker_max_tasks_per_child", tasks, why)
    yield ground.set("worker_max_memory_per_child", kilobytes, why if kilobytes is None else f"in KiB; {why}")
