"""The workers on a broker, and what is new of them: one is ready, one has ended.

News arrive in one stream on the broker, so that a wait for a result ends with the worker that owes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis

from gilscope.queues.brokers.broker import Broker
from gilscope.queues.brokers.redis import is_full, translated_errors
from gilscope.queues.brokers.signed import pack, unpack
from gilscope.queues.processes import END_TIMEOUT_S, WorkersLost

__all__ = ["Ended", "Workers", "join", "publish"]


@dataclass(frozen=True)
class Ended:
    """The news that a worker process of this machine has ended."""

    reason: str


def join(broker: Broker, value: Any) -> None:
    """In a worker: say that it, or one of its threads, is ready, and how to find it."""
    with broker.connect() as connection:
        publish(broker, connection, value)


def publish(broker: Broker, connection: redis.Redis, value: Any) -> None:
    """Say what is new."""
    connection.xadd(_news(broker), {"": pack(broker.secret, value)})


def _news(broker: Broker) -> str:
    return f"{broker.prefix}:news"


class Workers:
    """The workers of one trial, as who waits for their results knows them."""

    patience_ms = 0
    """How long to wait before looking at more than news; 0 is for ever."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection = broker.connect()
        self._stream = _news(broker)
        self._seen = "0-0"
        self.members: tuple[Any, ...] = ()
        """What they said of themselves (`join`)."""

    def await_members(self, count: int) -> None:
        """Wait until so many have joined.

        :raises WorkersLost: when one ends before
        """
        members: list[Any] = []
        while len(members) < count:
            members += self.hear(self._new_in({self._stream: self._seen}))
        self.members = tuple(members)

    def first_of(self, stream: str) -> tuple[str, dict[bytes, bytes]]:
        """Wait for the first entry of a stream, its number and its fields.

        :raises WorkersLost: when who should write it, or the broker, ends before
        """
        while True:
            found = self._new_in({stream: "0-0", self._stream: self._seen}, count=1)
            if stream in found:
                number, fields = found[stream][0]
                return number.decode(), fields
            self.hear(found)

    def _new_in(self, streams: dict[str, str], count: int | None = None) -> dict[str, Any]:
        """What is new in the streams, as soon as something is; nothing when `patience_ms` are over."""
        with self.watching_broker():
            found: Any = self._connection.xread(streams, count=count, block=self.patience_ms)  # type: ignore[arg-type]
        pairs = found.items() if isinstance(found, dict) else found
        return {name.decode(): entries for name, entries in pairs}

    def hear(self, found: dict[str, Any]) -> list[Any]:
        """The news among what was found, unless it is that somebody has ended."""
        values = []
        for number, fields in found.get(self._stream, ()):
            self._seen = number.decode()
            values.append(unpack(self._broker.secret, fields[b""]))
        end = next((value for value in values if isinstance(value, Ended)), None)
        if end is not None:
            with self.watching_broker():
                full = is_full(self._connection)
            raise WorkersLost(f"{end.reason}; the broker is out of memory" if full else end.reason)
        return values

    @contextmanager
    def watching_broker(self) -> Iterator[None]:
        """Within, a broker that is gone is raised as `WorkersLost`, any other that fails as a `BrokerError`."""
        try:
            with translated_errors(self._broker.url):
                yield
        except Exception as error:
            cause = error.__cause__
            gone = isinstance(cause, redis.ConnectionError) and not isinstance(cause, redis.AuthenticationError)
            if not gone:
                raise
            ended = self._broker.exit_reason(END_TIMEOUT_S)  # its connections end a moment before it does
            raise WorkersLost(f"the broker ended {ended}" if ended else f"the broker is gone ({cause})") from cause

    def close(self) -> None:
        """Hear no more of them."""
        self._connection.close()
