"""A process of a Dask cluster of gilscope's own: ``python -m gilscope.queues.dask.node ORDERS REPLIES``, the numbers of
two descriptors, so that what prints when an interpreter starts is no part of the conversation.

It runs `distributed.Scheduler` or `distributed.Worker` as ``dask scheduler`` and ``dask worker --no-nanny`` do, on the
loopback interface, without a dashboard, and for its own cluster alone (`gilscope.queues.dask.private`). The first line
that it reads is its options in JSON, all that it writes is its address. It ends when what it reads does, and so with
whoever started it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from contextlib import AsyncExitStack
from typing import Any, TextIO

from dask import config
from distributed import Scheduler, Worker

from gilscope.queues.dask.private import OWN_CONFIGURATION, PREFIX, share

__all__ = ["main", "silence"]

#: The HTTP server of a node cannot be left out: nobody beyond the machine reaches this one, and it has nothing to tell.
LOOPBACK: dict[str, Any] = {"protocol": PREFIX, "dashboard": False, "dashboard_address": "127.0.0.1:0"}
NO_ROUTES: dict[str, list[str]] = {f"distributed.{node}.http.routes": [] for node in ("scheduler", "worker")}


def silence() -> None:
    """Keep Dask's logging out of what the target prints: what matters of it is told as the status of a trial. The
    loggers that `distributed` makes when it is imported have a level of their own each."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _node(options: dict[str, Any]) -> Scheduler | Worker:
    address = options.pop("scheduler", None)
    if address is None:
        return Scheduler(port=0, host="127.0.0.1", **LOOPBACK, **options)
    return Worker(address, host="127.0.0.1", **LOOPBACK, **options)


async def _run(options: dict[str, Any], orders: TextIO, replies: int) -> None:
    async with AsyncExitStack() as stack:
        with config.set(OWN_CONFIGURATION):
            node = await stack.enter_async_context(_node(options))
        os.write(replies, f"{node.address}\n".encode())
        await asyncio.to_thread(orders.read)  # nothing ever comes but the end


def main() -> None:
    """Run until the orders end."""
    descriptors = [int(number) for number in sys.argv[1:]]
    del sys.argv[1:]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    silence()
    config.set(NO_ROUTES)
    with os.fdopen(descriptors[0], encoding="utf-8") as orders:
        if line := orders.readline():
            options = json.loads(line)
            share(bytes.fromhex(options.pop("secret")))
            asyncio.run(_run(options, orders, descriptors[1]))


if __name__ == "__main__":
    main()
