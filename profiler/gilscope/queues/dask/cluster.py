"""A Dask cluster of gilscope's own: a scheduler and workers, each a process, gone when the context is left."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any

from dask import config

from gilscope.queues import variables
from gilscope.queues.brokers.delay import scheduler_beyond
from gilscope.queues.dask.private import SECRET_BYTES, share
from gilscope.queues.processes import Process, Processes, WorkersLost
from gilscope.subprocesses import exit_reason, interpreter, pipe, python_path

__all__ = ["Cluster", "open_cluster"]

NODE = ("-P", "-m", "gilscope.queues.dask.node")
SCHEDULER, WORKER = "the Dask scheduler", "a worker process"


@dataclass(frozen=True)
class Cluster:
    """A running cluster."""

    scheduler: str
    """Its address, and in ``workers`` theirs."""
    workers: Sequence[str]
    given: bool = False
    """Whether somebody else runs it."""
    here: bool = True
    """Whether all its workers read the same clock as this process."""
    processes: Processes = field(default_factory=Processes)
    """The scheduler's, then the workers'; none where it is given."""


@contextmanager
def open_cluster(workers: int, threads: int) -> Iterator[Cluster]:
    """Start a scheduler and so many workers of so many threads each.

    :raises WorkersLost: when one of them does not start
    """
    processes = Processes()
    with ExitStack() as stack:
        trial = os.environ.get(variables.TRIAL)  # a folder that is removed with the trial, whatever ends it
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gilscope-dask-", dir=trial))
        network = stack.enter_context(ExitStack())
        share(secret := secrets.token_bytes(SECRET_BYTES))
        told: dict[str, Any] = {"secret": secret.hex()}
        scheduler = _started(processes, SCHEDULER, stack)
        nodes: list[_Node] = []
        stack.callback(processes.close, lambda process: _leave(process, [scheduler, *nodes]), last=scheduler.process)
        nodes += [_started(processes, WORKER, stack) for _ in range(workers)]
        scheduler.tell(told)
        address = network.enter_context(scheduler_beyond(scheduler.address(SCHEDULER)))
        for node in nodes:
            node.tell({**told, "scheduler": address, "nthreads": threads, "local_directory": folder})
        yield Cluster(address, [node.address(WORKER) for node in nodes], processes=processes)


@dataclass(frozen=True)
class _Node:
    """A process of the cluster, and both ends of ours of the conversation with it."""

    process: Process
    orders: IO[bytes]
    replies: IO[bytes]

    def tell(self, options: dict[str, Any]) -> None:
        """What to run; until then it imports what that needs."""
        with suppress(OSError):  # it has ended: its address will not come
            self.orders.write(json.dumps(options).encode() + b"\n")

    def address(self, what: str) -> str:
        """Where it listens, as soon as it does."""
        line = self.replies.readline()
        if not line:
            raise WorkersLost(f"{what} ended {exit_reason(self.process.wait())}")
        return line.decode().strip()


def _leave(process: Process, nodes: Sequence[_Node]) -> None:
    """Ask a process to end."""
    for node in nodes:
        if node.process is process:
            node.orders.close()


def _started(processes: Processes, what: str, stack: ExitStack) -> _Node:
    with ExitStack() as theirs:
        reads, ours = pipe()
        theirs.callback(os.close, reads)
        orders = stack.enter_context(os.fdopen(ours, "wb", buffering=0))
        ours, writes = pipe()
        theirs.callback(os.close, writes)
        replies = stack.enter_context(os.fdopen(ours, "rb"))
        command = [interpreter(), *NODE, str(reads), str(writes)]
        options = {"stdin": subprocess.DEVNULL, "pass_fds": (reads, writes), "env": _environment()}
        return _Node(processes.start(what, command, **options), orders, replies)


def _environment() -> dict[str, str]:
    """Modules are found as here, and native libraries limited to one thread, as by the nanny that Dask's own workers
    have over them."""
    limits = config.get("distributed.nanny.pre-spawn-environ", {})
    return {**{name: str(value) for name, value in limits.items()}, **os.environ, "PYTHONPATH": python_path()}
