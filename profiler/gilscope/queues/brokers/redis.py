"""A broker that somebody else runs: whether it may be used, and leaving it as it was."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gilscope.addresses import redacted, shown
from gilscope.errors import BrokerError

if TYPE_CHECKING:
    import redis

__all__ = [
    "CONNECT_TIMEOUT_S",
    "TRIALS",
    "admit",
    "connected",
    "delete_keys",
    "is_full",
    "must_be_here",
    "translated_errors",
]

#: What the keys of every analysis have in their names, this one's or another's.
OURS = b"gilscope-"
#: The trials whose workers are on other hosts.
TRIALS = "gilscope-fleet:trials"
#: Sets that RQ keeps for all queues of a broker, and one of ours: from these, only members are taken out.
SHARED_SETS = (
    *(f"{os.environ.get('RQ_KEY_PREFIX', 'rq')}:{name}".encode() for name in ("workers", "queues")),
    TRIALS.encode(),
)
CONNECT_TIMEOUT_S = 5.0
BATCH = 1000
#: The part of its memory from which on a broker counts as full: what it has no room for is larger than nothing.
FULL = 0.9
PERMISSION = "permit it with --allow-remote-broker (GILSCOPE_ALLOW_REMOTE_BROKER=1)"


def connected(url: str, **options: Any) -> redis.Redis:
    """A connection that tries everything once.

    :raises BrokerError: when the address is none
    """
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    settings = {"socket_connect_timeout": CONNECT_TIMEOUT_S, "retry": Retry(NoBackoff(), 0), **options}
    try:
        made: redis.Redis = redis.Redis.from_url(url, **settings)
        pool = made.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # which knows what options there are
    except (ValueError, TypeError) as error:
        raise _no_address(url, error) from None  # which may hold a piece of the password
    return made


def _no_address(url: str, error: Exception) -> BrokerError:
    return BrokerError(
        f"{shown(url)} is no address of a broker ({redacted(error, url)}): give redis://HOST:PORT/DB or "
        "unix:///PATH, a password in it with %-escapes"
    )


def admit(url: str, *, allow_remote: bool) -> None:
    """Whether this broker may be used, and answers.

    :raises BrokerError: when it may not, or does not
    """
    must_be_here(url, allow_remote=allow_remote)
    with translated_errors(url), connected(url, socket_timeout=CONNECT_TIMEOUT_S) as connection:
        connection.ping()
        foreign = None if allow_remote else next(_foreign(connection), None)
        if foreign is not None:
            raise BrokerError(
                f"the broker {shown(url)} is in use: of its {connection.dbsize()} keys, {foreign!r} is not gilscope's. "
                f"Give the number of an empty database (redis://HOST:PORT/DB) or no broker, or {PERMISSION}"
            )


def must_be_here(url: str, *, allow_remote: bool) -> None:
    """:raises BrokerError: when this broker is on another machine, unless that is allowed"""
    if not (allow_remote or _is_here(url)):
        raise BrokerError(f"the broker {shown(url)} is not on this machine: {PERMISSION}, or give no broker")


@contextmanager
def translated_errors(url: str) -> Iterator[None]:
    """Within, what a broker refuses or fails at is raised as a `BrokerError`."""
    import redis

    try:
        yield
    except redis.OutOfMemoryError as error:
        raise BrokerError(
            f"the broker {shown(url)} is out of memory ({redacted(error, url)}): raise its maxmemory, or "
            "analyze smaller arguments"
        ) from error
    except redis.AuthenticationError as error:
        raise BrokerError(
            f"the broker {shown(url)} refuses the password ({redacted(error, url)}): give it in the address, "
            "redis://USER:PASSWORD@HOST:PORT/DB"
        ) from error
    except UnicodeError as error:  # of a host whose name cannot be one: it is looked up only now
        raise _no_address(url, error) from None
    except redis.RedisError as error:
        raise BrokerError(
            f"no use of the broker {shown(url)} ({redacted(error, url)}): is it running? Without "
            "--broker and GILSCOPE_BROKER, gilscope starts one of its own"
        ) from error


def is_full(connection: redis.Redis) -> bool:
    """Whether the broker has no memory left for more."""
    memory: Any = connection.info("memory")
    return bool(memory["maxmemory"]) and memory["used_memory"] > FULL * memory["maxmemory"]


def delete_keys(url: str, prefix: str) -> None:
    """Delete what carries ``prefix`` in its name; where the broker is gone, so is that."""
    import redis

    with suppress(redis.RedisError), connected(url, socket_timeout=CONNECT_TIMEOUT_S) as connection:
        for key in connection.scan_iter(match=f"*{prefix}*", count=BATCH):
            connection.unlink(key)
        for name in SHARED_SETS:
            for member in connection.sscan_iter(name, match=f"*{prefix}*", count=BATCH):
                connection.srem(name, member)


def _foreign(connection: redis.Redis) -> Iterator[str]:
    """The keys that are no analysis's."""
    for key in connection.scan_iter(count=BATCH):
        members = connection.sscan_iter(key, count=BATCH) if key in SHARED_SETS else iter([key])
        if not all(OURS in member for member in members):
            yield key.decode(errors="replace")


def _is_here(url: str) -> bool:
    """Whether the address is a Unix socket or a loopback address, by every name it has."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return True
    host = parts.hostname or "localhost"
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise BrokerError(
            f"the broker's host {host!r} is not known here ({redacted(error, url)}): look at the address"
        ) from error
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)
