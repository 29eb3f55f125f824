"""The workers on a broker, wherever they run: who is ready, and whether they live.

What they say of themselves arrives in one stream on the broker. A wait for anything there is broken off often enough to
see that they are still there.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis

from gilscope.queues.brokers.broker import Broker
from gilscope.queues.brokers.redis import is_full, translated_errors
from gilscope.queues.brokers.signed import Once, pack
from gilscope.queues.processes import END_TIMEOUT_S, Processes, WorkersLost, ends_with_parent

__all__ = ["LOOK_S", "LocalWorkers", "Workers", "join", "publish", "start_workers"]

#: How often it is looked whether they live.
LOOK_S = 0.5
NEWS = "news"


def join(broker: Broker, value: Any) -> None:
    """In a worker: say that it, or one of its threads, is ready, and how to find it."""
    with broker.connect() as connection:
        publish(broker, connection, value)


def publish(broker: Broker, connection: redis.Redis, value: Any) -> None:
    """Say what is new."""
    connection.xadd(_news(broker), {"": pack(broker.secret, NEWS, value)})


def _news(broker: Broker) -> str:
    return f"{broker.prefix}:news"


class Workers:
    """The workers of one trial, as who waits for their results knows them."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection = broker.connect()
        self._news = _news(broker)
        self._seen = "0-0"
        self._once = Once(broker.secret, NEWS)
        self.members: tuple[Any, ...] = ()
        """What they said of themselves (`join`)."""

    def await_members(self, count: int) -> None:
        """Wait until so many have joined.

        :raises WorkersLost: when one ends before
        """
        members: list[Any] = []
        while len(members) < count:
            members += self.hear(self._new_in({self._news: self._seen}))
        self.members = tuple(members)

    def first_of(self, stream: str) -> tuple[str, dict[bytes, bytes]]:
        """Wait for the first entry of a stream, its number and its fields.

        :raises WorkersLost: when who should write it, or the broker, ends before
        """
        while True:
            found = self._new_in({stream: "0-0", self._news: self._seen}, count=1)
            if stream in found:
                number, fields = found[stream][0]
                return number.decode(), fields
            self.hear(found)

    def _new_in(self, streams: dict[str, str], count: int | None = None) -> dict[str, Any]:
        """What is new in the streams, as soon as something is; nothing after `LOOK_S`."""
        with self.watching_broker():
            found: Any = self._connection.xread(streams, count=count, block=int(1000 * LOOK_S))  # type: ignore[arg-type]
        pairs = found.items() if isinstance(found, dict) else found
        return {name.decode(): entries for name, entries in pairs}

    def hear(self, found: dict[str, Any]) -> list[Any]:
        """The news among what was found.

        :raises WorkersLost: when a worker has ended
        """
        values = []
        for number, fields in found.get(self._news, ()):
            self._seen = number.decode()
            values.append(self._once.unpack(fields[b""]))
        self.must_live()
        return values

    def must_live(self) -> None:
        """:raises WorkersLost: when the broker has ended, where it is ours, or a worker"""
        ended = self._broker.exit_reason()
        if ended is not None:
            raise WorkersLost(f"the broker ended {ended}")

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


class LocalWorkers(Workers):
    """Worker processes of this machine."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker)
        self.processes = Processes()

    def must_live(self) -> None:
        super().must_live()
        if self.processes.exit_reason is not None:
            with self.watching_broker():
                why = "the broker is out of memory" if is_full(self._connection) else self._broker.why_unreachable()
            raise WorkersLost(self.processes.exit_reason, why)

    def end(self, *, in_order: bool) -> None:
        """End all: told to, and given `END_TIMEOUT_S`, where ``in_order`` and all is well; else killed."""
        well = in_order and self.processes.exit_reason is None
        self.processes.close(within_s=END_TIMEOUT_S if well else 0.0)
        self.close()


@contextmanager
def start_workers(broker: Broker, commands: Sequence[Sequence[str]], members: int) -> Iterator[LocalWorkers]:
    """Start a process of each command, and wait until so many workers have joined; leaving the context ends all.

    :param commands: the program's full path and its arguments, of each
    :raises WorkersLost: when one of them ends before
    """
    workers = LocalWorkers(broker)
    in_order = False
    try:
        for command in map(ends_with_parent, commands):
            environment = broker.environment()
            workers.processes.start("a worker process", command, stdin=subprocess.DEVNULL, env=environment)
        workers.await_members(members)
        yield workers
        in_order = True
    finally:
        workers.end(in_order=in_order)
