"""The workers of one trial, on other hosts: called for, counted as they come, missed when they go.

A host's ``gilscope worker`` takes the number of a worker that is lacking, starts it, and tells when it has ended; as
long as the host is there it says so. What a lost worker had in hand is done by another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import redis

from gilscope.queues.brokers.broker import Broker
from gilscope.queues.brokers.signed import pack
from gilscope.queues.processes import WorkersLost
from gilscope.queues.remote.rendezvous import CALL, TRIALS, call_of, vacancies_of
from gilscope.queues.remote.sides import machine_identity
from gilscope.queues.workers.group import LOOK_S, Workers
from gilscope.units import counted, given_duration

__all__ = ["HEARTBEAT_S", "Gone", "RemoteWorkers", "Taken", "call_workers", "heartbeat_of"]

#: A host that has not been heard of for so long is lost.
HEARTBEAT_S = 3.0
#: How long workers may take to come, and a trial may be without any.
COME_S = 30.0


@dataclass(frozen=True)
class Taken:
    """The news that a host starts the worker of this number."""

    number: int
    host: str
    """Its name, and the process id there."""
    machine: str | None


@dataclass(frozen=True)
class Gone:
    """The news that a worker has ended."""

    number: int
    reason: str


def heartbeat_of(host: str) -> str:
    """The key that is there as long as a host is heard of."""
    return f"gilscope-fleet:beat:{host}"


class RemoteWorkers(Workers):
    """Workers that other hosts run."""

    def __init__(self, broker: Broker, workers: int) -> None:
        super().__init__(broker)
        self._asked = workers
        self._numbers = workers
        self._joined = 0
        self._at: dict[int, str] = {}
        self._full_s = time.monotonic()
        self._looked_s = 0.0
        self.here = True
        """Whether all of them run on this machine, where their clocks are ours and they can be watched."""
        self.lost: list[str] = []
        """How each worker ended that was lost."""
        self.on_loss: Callable[[int, str], None] | None = None
        """Called, by who waits, with the number of a worker that is lost, and how; without it, a loss is the end."""

    def call(self, kind: str) -> None:
        """Call for the workers."""
        broker = self._broker
        with self.watching_broker(), self._connection.pipeline() as pipeline:
            pipeline.set(call_of(broker.prefix), pack(broker.secret, CALL, {"kind": kind}))
            pipeline.rpush(vacancies_of(broker.prefix), *range(self._asked))
            pipeline.sadd(TRIALS, broker.prefix)
            pipeline.execute()

    def hear(self, found: dict[str, Any]) -> list[Any]:
        """Who has joined; whatever becomes of single workers, others may come."""
        joined = []
        for value in super().hear(found):
            if isinstance(value, Taken):
                self._at[value.number] = value.host
                self.here = self.here and value.machine is not None and value.machine == machine_identity()
            elif isinstance(value, Gone):
                self._lose(value.number, value.reason)
            else:
                joined.append(value)
        self._joined += len(joined)
        return joined

    def must_live(self) -> None:
        """The hosts, and any worker."""
        now_s = time.monotonic()
        if now_s < self._looked_s + LOOK_S:
            return
        self._looked_s = now_s
        with self.watching_broker():
            gone = {host for host in set(self._at.values()) if not self._connection.exists(heartbeat_of(host))}
        for number in [number for number, host in self._at.items() if host in gone]:
            self._lose(number, f"its host {self._at[number]} was not heard of for {given_duration(HEARTBEAT_S)}")
        if self._joined >= self._asked and (self._at or not self.lost):
            self._full_s = now_s
        elif now_s > self._full_s + COME_S:
            raise WorkersLost(self._too_few)

    @property
    def _too_few(self) -> str:
        if self._joined < self._asked:
            asked = counted(self._asked, "worker")
            return f"{self._joined} of {asked} of other hosts came within {given_duration(COME_S)}"
        return f"no worker is left, and none came within {given_duration(COME_S)}; the last was lost: {self.lost[-1]}"

    def _lose(self, number: int, reason: str) -> None:
        if self._at.pop(number, None) is None:
            return
        self.lost.append(reason)
        if self.on_loss is None:
            raise WorkersLost(f"a worker on another host was lost: {reason}")
        with self.watching_broker():
            self._connection.rpush(vacancies_of(self._broker.prefix), self._numbers)
        self._numbers += 1
        self.on_loss(number, reason)

    def close(self) -> None:
        """Let the workers go; their hosts end them."""
        with suppress(redis.RedisError):
            self._connection.srem(TRIALS, self._broker.prefix)
        super().close()


@contextmanager
def call_workers(broker: Broker, kind: str, count: int) -> Iterator[RemoteWorkers]:
    """Call for so many workers of a kind, and wait until they have joined; leaving the context lets them go.

    :raises WorkersLost: when one ends before, or they do not come
    """
    workers = RemoteWorkers(broker, count)
    try:
        workers.call(kind)
        workers.await_members(count)
        yield workers
    finally:
        workers.close()
