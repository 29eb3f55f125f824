"""A network round trip between a task queue and all who use it, where one is asked for.

The delay is a process of its own (`gilscope.queues.brokers.proxy`), which listens beside the broker, or on the loopback
interface, and ends with the thread that starts it, at the latest.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gilscope.errors import BrokerError
from gilscope.queues import variables
from gilscope.queues.brokers import proxy
from gilscope.queues.processes import ends_with_parent
from gilscope.subprocesses import exit_reason, interpreter

__all__ = ["asked_s", "beyond", "broker_beyond", "scheduler_beyond"]

#: Where servers listen that the address says nothing of.
PORTS = {"redis": 6379, **dict.fromkeys(("amqp", "pyamqp"), 5672)}
LOOPBACK = ("127.0.0.1", 0)


def asked_s() -> float:
    """The round trip that this trial shall have; 0 where none was asked for."""
    return float(os.environ.get(variables.RTT_S, 0.0))


@contextmanager
def broker_beyond(url: str, folder: Path) -> Iterator[str]:
    """The address at which the broker at ``url`` is the round trip away; itself where none was asked for.

    :param folder: for a socket, where the broker has one too
    :raises BrokerError: when its connections cannot be passed on
    """
    parts = urlsplit(url)
    user = "".join(parts.netloc.rpartition("@")[:2])
    query = f"?{parts.query}" if parts.query else ""
    if not asked_s():
        yield url
    elif parts.scheme == "unix":
        with beyond(parts.path, str(folder / "d")) as path:
            yield f"unix://{user}{path}{query}"
    elif parts.scheme in PORTS:
        with beyond((parts.hostname or "localhost", parts.port or PORTS[parts.scheme])) as (host, port):
            yield f"{parts.scheme}://{user}{host}:{port}{parts.path}{query}"
    else:
        raise BrokerError(
            f"what a network takes is not measured with a broker at {parts.scheme}://, whose connections cannot be "
            "passed on: leave --broker out, or give redis:// or unix://"
        )


@contextmanager
def scheduler_beyond(address: str) -> Iterator[str]:
    """The same for ``SCHEME://HOST:PORT``."""
    if not asked_s():
        yield address
        return
    parts = urlsplit(address)
    with beyond((parts.hostname, parts.port)) as (host, port):
        yield f"{parts.scheme}://{host}:{port}"


@contextmanager
def beyond(to: Any, at: Any = LOOPBACK) -> Iterator[Any]:
    """Within, a server is the round trip away.

    :param to: where it listens: the path of a Unix socket, or a host and a port
    :param at: where its clients shall find it, likewise; the answer, but for a port that was left open
    :raises BrokerError: when the delay does not start
    """
    settings = json.dumps({"to": to, "at": at, "rtt_s": asked_s()})
    command = ends_with_parent([interpreter(), "-I", "-S", proxy.__file__, settings])
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise BrokerError(f"the delay of --rtt did not start: it ended {exit_reason(process.wait())}")
            yield json.loads(line)
        finally:
            process.kill()  # it has nothing to save
