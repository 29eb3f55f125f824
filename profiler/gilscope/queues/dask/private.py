"""Dask's TCP among processes that have a secret in common.

Dask's own protocol asks nobody who he is, and on the loopback interface that is every user of the machine: whoever
reaches the scheduler can run code in its workers and in its clients. TLS would need a package that makes certificates,
and its encryption, which nobody on this machine needs, would be measured with the tasks. So each connection begins with
a challenge to either side, which is answered by a keyed digest (HMAC-SHA256, RFC 2104); all that follows is Dask's.
Until then nothing is read of what the other side sends, but bytes of a known number.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import Any

from distributed.comm.core import CommClosedError
from distributed.comm.registry import backends
from distributed.comm.tcp import TCPBackend, TCPConnector, TCPListener
from tornado.iostream import StreamClosedError

__all__ = ["OWN_CONFIGURATION", "PREFIX", "SECRET_BYTES", "share"]

SCHEME = "gilscope"
#: Addresses begin so.
PREFIX = f"{SCHEME}://"
SECRET_BYTES = CHALLENGE_BYTES = DIGEST_BYTES = 32
#: What Dask's configuration, by files and environment, must not say of our own cluster while it starts, nor of its
#: client: who else it is to meet, what else to import or to run, and when to end. It is for a cluster of the user's.
OWN_CONFIGURATION: dict[str, Any] = {
    "scheduler-address": None,
    "distributed.scheduler.contact-address": None,
    "distributed.scheduler.idle-timeout": None,
    "distributed.scheduler.no-workers-timeout": None,
    "distributed.worker.lifetime.duration": None,
    "distributed.comm.require-encryption": None,
    "distributed.client.security-loader": None,
    **{f"distributed.{side}.preload": [] for side in ("scheduler", "worker", "client")},
    **{f"distributed.{side}.preload-argv": [] for side in ("scheduler", "worker", "client")},
}
#: How long the other side may take to answer.
PATIENCE_S = 10.0

_secret = b""


def share(secret: bytes) -> None:
    """Let this process, from now on, listen and connect at such addresses, with all who share ``secret``."""
    global _secret
    _secret = secret
    backends[SCHEME] = _Backend()


def _answer(side: bytes, ours: bytes, theirs: bytes) -> bytes:
    """What only who has the secret can say to both challenges, the connector's first."""
    return hmac.digest(_secret, side + ours + theirs, "sha256")


class _Connector(TCPConnector):
    prefix = PREFIX

    async def connect(self, address: str, deserialize: bool = True, **connection_args: Any) -> Any:
        comm = await super().connect(address, deserialize, **connection_args)  # type: ignore[no-untyped-call]
        try:
            await asyncio.wait_for(_prove_first(comm.stream), PATIENCE_S)
        except (StreamClosedError, TimeoutError) as error:
            comm.abort()
            raise CommClosedError(f"{PREFIX}{address} is none of this cluster ({error})") from error
        return comm


async def _prove_first(stream: Any) -> None:
    """:raises StreamClosedError: when the other side does not have the secret"""
    ours = secrets.token_bytes(CHALLENGE_BYTES)
    await stream.write(ours)
    theirs = await stream.read_bytes(CHALLENGE_BYTES)
    if not hmac.compare_digest(await stream.read_bytes(DIGEST_BYTES), _answer(b"listener", ours, theirs)):
        stream.close()
        raise StreamClosedError
    await stream.write(_answer(b"connector", ours, theirs))


class _Listener(TCPListener):
    prefix = PREFIX

    async def _prepare_stream(self, stream: Any, address: str) -> Any:
        """The stream; None, and it is closed, when who connects does not have the secret."""
        del address
        try:
            await asyncio.wait_for(_prove_second(stream), PATIENCE_S)
        except (StreamClosedError, TimeoutError):
            stream.close()
            return None
        return stream


async def _prove_second(stream: Any) -> None:
    """:raises StreamClosedError: when the other side does not have the secret"""
    theirs, ours = await stream.read_bytes(CHALLENGE_BYTES), secrets.token_bytes(CHALLENGE_BYTES)
    await stream.write(ours + _answer(b"listener", theirs, ours))
    if not hmac.compare_digest(await stream.read_bytes(DIGEST_BYTES), _answer(b"connector", theirs, ours)):
        raise StreamClosedError


class _Backend(TCPBackend):
    _connector_class = _Connector
    _listener_class = _Listener
