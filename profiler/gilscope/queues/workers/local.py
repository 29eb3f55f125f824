"""Worker processes of this machine on a broker."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import redis

from gilscope.queues.brokers.broker import Broker
from gilscope.queues.processes import END_TIMEOUT_S, Processes, ends_with_parent
from gilscope.queues.workers.news import Ended, Workers, join

__all__ = ["LocalWorkers", "start_workers"]


class LocalWorkers(Workers):
    """Started here, watched until they end."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker)
        self.processes = Processes()

    def start(self, command: Sequence[str]) -> None:
        """Start a process.

        :raises WorkersLost: when it cannot be started
        """
        environment = self._broker.environment()
        self.processes.start("a worker process", ends_with_parent(command), stdin=subprocess.DEVNULL, env=environment)

    def publish_end(self, reason: str) -> None:
        """Say to who waits for news, where the broker is there: else they have heard of that."""
        with suppress(redis.RedisError):
            join(self._broker, Ended(reason))

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
        with workers.processes.on_end(workers.publish_end):
            for command in commands:
                workers.start(command)
            workers.await_members(members)
            yield workers
        in_order = True
    finally:
        workers.end(in_order=in_order)
