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
from gilscope.queues.remote.meeting import TRIALS, call_of, vacancies_of
from gilscope.queues.remote.sides import place
from gilscope.queues.workers.fleet import Fleet, FleetLost

__all__ = ["BEAT_S", "FarFleet", "Gone", "Taken", "beat_of", "call_fleet"]

#: A host that has not been heard of for so long is lost.
BEAT_S = 3.0
#: How often it is looked whether they are there.
LOOK_S = 0.5
#: How long workers may take to come, and a trial may be without any.
COME_S = 30.0


@dataclass(frozen=True)
class Taken:
    """The news that a host starts the worker of this number."""

    number: int
    host: str
    """Its name, and the process id there."""
    place: str | None


@dataclass(frozen=True)
class Gone:
    """The news that a worker has ended."""

    number: int
    fate: str


def beat_of(host: str) -> str:
    """The key that is there as long as a host is heard of."""
    return f"gilscope-fleet:beat:{host}"


class FarFleet(Fleet):
    """Workers that other hosts run."""

    def __init__(self, broker: Broker, workers: int) -> None:
        super().__init__(broker)
        self._at: dict[int, str] = {}
        self._numbers = workers
        self._full_s = time.monotonic()
        self._looked_s = 0.0
        self.here = True
        """Whether all of them run on this machine, where their clocks are ours and they can be watched."""
        self.lost: list[str] = []
        """How each worker ended that was lost."""
        self.on_loss: Callable[[int, str], None] | None = None
        """Called, by who waits, with the number of a worker that is lost, and how; without it, a loss is the end."""

    def call(self, kind: str, workers: int) -> None:
        """Call for so many workers."""
        broker = self._broker
        with self.watching_broker(), self._connection.pipeline() as pipeline:
            pipeline.set(call_of(broker.prefix), pack(broker.secret, {"kind": kind}))
            pipeline.rpush(vacancies_of(broker.prefix), *range(workers))
            pipeline.sadd(TRIALS, broker.prefix)
            pipeline.execute()

    def await_members(self, count: int) -> None:
        """Wait until so many have joined.

        :raises FleetLost: when one ends before, or they do not come
        """
        members: list[Any] = []
        limit = time.monotonic() + COME_S
        while len(members) < count:
            members += self._news(None)
            if time.monotonic() > limit:
                raise FleetLost(f"{len(members)} of {count} workers of other hosts came within {COME_S:g} s")
        self.members = tuple(members)

    def first_of(self, stream: str) -> tuple[str, dict[bytes, bytes]]:
        """Wait for the first entry of a stream, whatever becomes of single workers."""
        while True:
            found = self._waited({stream: "0-0", self.news: self._seen}, count=1, block_ms=int(LOOK_S * 1000))
            if stream in found:
                number, fields = found[stream][0]
                return number.decode(), fields
            self._news(found)

    def _news(self, found: dict[str, Any] | None) -> list[Any]:
        """Who has joined, by what was found or is waited for."""
        if found is None:
            found = self._waited({self.news: self._seen}, block_ms=int(LOOK_S * 1000))
        joined = []
        for value in self._heard(found):
            if isinstance(value, Taken):
                self._at[value.number] = value.host
                self.here = self.here and value.place is not None and value.place == place()
            elif isinstance(value, Gone):
                self._lose(value.number, value.fate)
            else:
                joined.append(value)
        self._look()
        return joined

    def _look(self) -> None:
        """Whether the hosts are there, and any worker."""
        now_s = time.monotonic()
        if now_s < self._looked_s + LOOK_S:
            return
        self._looked_s = now_s
        with self.watching_broker():
            gone = {host for host in set(self._at.values()) if not self._connection.exists(beat_of(host))}
        for number in [number for number, host in self._at.items() if host in gone]:
            self._lose(number, f"its host {self._at[number]} was not heard of for {BEAT_S:g} s")
        if self._at or not self.lost:
            self._full_s = now_s
        elif now_s > self._full_s + COME_S:
            raise FleetLost(f"no worker is left, and none came within {COME_S:g} s; the last was lost: {self.lost[-1]}")

    def _lose(self, number: int, fate: str) -> None:
        if self._at.pop(number, None) is None:
            return
        self.lost.append(fate)
        if self.on_loss is None:
            raise FleetLost(f"a worker on another host was lost: {fate}")
        with self.watching_broker():
            self._connection.rpush(vacancies_of(self._broker.prefix), self._numbers)
        self._numbers += 1
        self.on_loss(number, fate)

    def close(self, *, in_order: bool) -> None:
        """Let the workers go; their hosts end them."""
        with suppress(redis.RedisError):
            self._connection.srem(TRIALS, self._broker.prefix)
        super().close(in_order=in_order)


@contextmanager
def call_fleet(broker: Broker, kind: str, workers: int) -> Iterator[FarFleet]:
    """Call for so many workers of a kind, and wait until they have joined; leaving the context lets them go.

    :raises FleetLost: when one ends before, or they do not come
    """
    fleet = FarFleet(broker, workers)
    in_order = False
    try:
        fleet.call(kind, workers)
        fleet.await_members(workers)
        yield fleet
        in_order = True
    finally:
        fleet.close(in_order=in_order)
