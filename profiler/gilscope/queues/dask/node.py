"""A process of a Dask cluster of gilscope's own: ``python -m gilscope.queues.dask.node``.

It runs `distributed.Scheduler` or `distributed.Worker` as ``dask scheduler`` and ``dask worker --no-nanny`` do, on the
loopback interface and without a dashboard. The first line of its standard input is its options in JSON, its first line
on standard output its address. It ends when its standard input does, and so with whoever started it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from typing import Any

from distributed import Scheduler, Worker

__all__ = ["main", "silence"]

#: The HTTP server of a node cannot be left out; this one nobody beyond the machine reaches.
LOOPBACK: dict[str, Any] = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0"}


def silence() -> None:
    """Keep Dask's logging out of what the target prints: what matters of it is told as the status of a trial. The
    loggers that `distributed` makes when it is imported have a level of their own each."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _node(options: dict[str, Any]) -> Scheduler | Worker:
    address = options.pop("scheduler", None)
    if address is None:
        return Scheduler(port=0, **LOOPBACK, **options)
    return Worker(address, **LOOPBACK, **options)


async def _run(options: dict[str, Any], replies: int) -> None:
    async with _node(options) as node:
        os.write(replies, f"{node.address}\n".encode())
        await asyncio.to_thread(sys.stdin.read)  # nothing ever comes but the end


def main() -> None:
    """Run until standard input ends."""
    replies = os.dup(1)
    os.dup2(2, 1)  # what tasks print
    silence()
    options = sys.stdin.readline()
    if options:
        asyncio.run(_run(json.loads(options), replies))


if __name__ == "__main__":
    main()
