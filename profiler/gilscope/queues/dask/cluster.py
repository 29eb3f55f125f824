"""A Dask cluster of gilscope's own: a scheduler and workers, each a process, gone when the context is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from dask import config

from gilscope.queues import variables
from gilscope.queues.brokers.delay import scheduler_beyond
from gilscope.queues.processes import Process, Processes, WorkersLost
from gilscope.subprocesses import exit_reason, python_path

__all__ = ["Cluster", "open_cluster"]

NODE = (sys.executable, "-P", "-m", "gilscope.queues.dask.node")
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
        scheduler = _started(processes, SCHEDULER)
        stack.callback(processes.close, _leave, last=scheduler)
        nodes = [_started(processes, WORKER) for _ in range(workers)]
        _tell(scheduler, {})
        address = network.enter_context(scheduler_beyond(_address(scheduler, SCHEDULER)))
        for node in nodes:
            _tell(node, {"scheduler": address, "nthreads": threads, "local_directory": folder})
        yield Cluster(address, [_address(node, WORKER) for node in nodes], processes=processes)


def _started(processes: Processes, what: str) -> Process:
    return processes.start(what, NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment())


def _environment() -> dict[str, str]:
    """Modules are found as here, and native libraries limited to one thread, as by the nanny that Dask's own workers
    have over them."""
    limits = config.get("distributed.nanny.pre-spawn-environ", {})
    return {**{name: str(value) for name, value in limits.items()}, **os.environ, "PYTHONPATH": python_path()}


def _tell(node: Process, options: dict[str, Any]) -> None:
    """What to run; until then it imports what that needs."""
    assert node.stdin is not None
    with suppress(OSError):  # it has ended: its address will not come
        node.stdin.write(json.dumps(options).encode() + b"\n")
        node.stdin.flush()


def _address(node: Process, what: str) -> str:
    """Where it listens, as soon as it does."""
    assert node.stdout is not None
    line = node.stdout.readline()
    if not line:
        raise WorkersLost(f"{what} ended {exit_reason(node.wait())}")
    return line.decode().strip()


def _leave(node: Process) -> None:
    """Ask it to end."""
    assert node.stdin is not None
    with suppress(OSError):
        node.stdin.close()
