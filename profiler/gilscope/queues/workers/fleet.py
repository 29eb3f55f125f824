"""Worker processes on a broker: started, waited for until each is ready, watched until they end.

What is new of them (a worker is ready, a process has ended) arrives in one stream on the broker, so that a wait for
a result ends with the worker that owes it.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import redis

from gilscope.queues.brokers.broker import Broker
from gilscope.queues.brokers.redis import is_full, told
from gilscope.queues.brokers.signed import pack, unpack
from gilscope.queues.tied import tied
from gilscope.subprocesses import exit_reason, python_path

__all__ = ["Fleet", "FleetLost", "join", "start_fleet", "tell"]

#: How long workers may take to end in order, all together.
END_TIMEOUT_S = 5.0


class FleetLost(Exception):  # noqa: N818  what became of it is for the caller to judge
    """A worker process has ended, or the broker has; the message tells how."""


@dataclass(frozen=True)
class _End:
    """The news that a process has ended."""

    fate: str


def join(broker: Broker, value: Any) -> None:
    """In a worker: say that it, or one of its threads, is ready, and how to find it."""
    with broker.connect() as connection:
        tell(broker, connection, value)


def tell(broker: Broker, connection: redis.Redis, value: Any) -> None:
    """Say what is new."""
    connection.xadd(_news(broker), {"": pack(broker.secret, value)})


def _news(broker: Broker) -> str:
    return f"{broker.prefix}:news"


class Fleet:
    """Running worker processes."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection = broker.connect()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._watchers: list[threading.Thread] = []
        self._leaving = False
        self._seen = "0-0"
        self.members: tuple[Any, ...] = ()
        """What they said of themselves (`join`)."""
        self.fate: str | None = None
        """Which process ended first, and how; None while all live."""
        self.on_end: Callable[[str], None] | None = None
        """Called once, from any thread, with the fate."""

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that were started."""
        return tuple(process.pid for process in self._processes)

    @property
    def news(self) -> str:
        """The stream of what is new."""
        return _news(self._broker)

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a process.

        :raises FleetLost: when it cannot be
        """
        try:
            process = subprocess.Popen(tied(command), stdin=subprocess.DEVNULL, env={**environment})
        except OSError as error:
            raise FleetLost(f"a worker process could not be started: {error}") from error
        self._processes.append(process)
        watcher = threading.Thread(target=self._watch, args=(process,), name="gilscope-fleet", daemon=True)
        self._watchers.append(watcher)
        watcher.start()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        if self._leaving or self.fate is not None:
            return
        self.fate = f"a worker process ended {exit_reason(code)}"
        if self.on_end is not None:
            self.on_end(self.fate)
        with suppress(redis.RedisError):  # where the broker is gone too, whoever waits for news has heard of that
            join(self._broker, _End(self.fate))

    def await_members(self, count: int) -> None:
        """Wait until so many have joined.

        :raises FleetLost: when a process ends before
        """
        members: list[Any] = []
        while len(members) < count:
            members += self._heard(self._waited({self.news: self._seen}))
        self.members = tuple(members)

    def first_of(self, stream: str) -> tuple[str, dict[bytes, bytes]]:
        """Wait for the first entry of a stream, its number and its fields.

        :raises FleetLost: when a process, or the broker, ends before
        """
        while True:
            found = self._waited({stream: "0-0", self.news: self._seen}, count=1)
            if stream in found:
                number, fields = found[stream][0]
                return number.decode(), fields
            self._heard(found)

    def _waited(self, streams: dict[str, str], count: int | None = None, block_ms: int = 0) -> dict[str, Any]:
        """What is new in the streams, as soon as something is, or nothing after so long; 0 waits for ever."""
        with self.watching_broker():
            found: Any = self._connection.xread(streams, count=count, block=block_ms)  # type: ignore[arg-type]
        pairs = found.items() if isinstance(found, dict) else found
        return {name.decode(): entries for name, entries in pairs}

    def _heard(self, found: dict[str, Any]) -> list[Any]:
        """The news, unless it is that somebody has ended."""
        values = []
        for number, fields in found.get(self.news, ()):
            self._seen = number.decode()
            values.append(unpack(self._broker.secret, fields[b""]))
        end = next((value for value in values if isinstance(value, _End)), None)
        if end is not None:
            with self.watching_broker():
                full = is_full(self._connection)
            raise FleetLost(f"{end.fate}; the broker is out of memory" if full else end.fate)
        return values

    @contextmanager
    def watching_broker(self) -> Iterator[None]:
        """Within, a broker that is gone is told as `FleetLost`, any other that fails as a `BrokerError`."""
        try:
            with told(self._broker.url):
                yield
        except Exception as error:
            cause = error.__cause__
            gone = isinstance(cause, redis.ConnectionError) and not isinstance(cause, redis.AuthenticationError)
            if not gone:
                raise
            fate = self._broker.fate(END_TIMEOUT_S)  # its connections end a moment before it does
            raise FleetLost(f"the broker ended {fate}" if fate else f"the broker is gone ({cause})") from cause

    def close(self, *, in_order: bool) -> None:
        """End all: told to, and given `END_TIMEOUT_S`, where ``in_order`` and all is well; else killed."""
        self._leaving = True
        limit = time.monotonic() + (END_TIMEOUT_S if in_order and self.fate is None else 0.0)
        for process in self._processes:
            process.terminate()
        for process, watcher in zip(self._processes, self._watchers, strict=True):
            watcher.join(max(0.0, limit - time.monotonic()))
            process.kill()
            watcher.join()
        self._connection.close()


@contextmanager
def start_fleet(
    broker: Broker,
    commands: Sequence[Sequence[str]],
    members: int,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Fleet]:
    """Start a process of each command, and wait until so many workers have joined; leaving the context ends all.

    :param commands: the program's full path and its arguments, of each
    :param environment: added to this process's, with what `Broker.from_environment` needs and a PYTHONPATH that finds
        modules as here
    :raises FleetLost: when one of them ends before
    """
    complete = {**os.environ, **broker.environment(), "PYTHONPATH": python_path(), **(environment or {})}
    fleet = Fleet(broker)
    in_order = False
    try:
        for command in commands:
            fleet.start(command, complete)
        fleet.await_members(members)
        yield fleet
        in_order = True
    finally:
        fleet.close(in_order=in_order)
