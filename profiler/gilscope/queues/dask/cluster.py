"""A Dask cluster of gilscope's own: a scheduler and workers, each a process, gone when the context is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from dask import config

from gilscope.queues.brokers.delay import scheduler_beyond
from gilscope.subprocesses import exit_reason, python_path

__all__ = ["Cluster", "ClusterLost", "open_cluster"]

#: How long a node may take to leave in order.
END_TIMEOUT_S = 5.0


class ClusterLost(Exception):  # noqa: N818  what became of it is for the caller to judge
    """A process of the cluster has ended; the message tells which, and how."""


class _Node:
    """One process, and a thread that waits for its end."""

    def __init__(self, what: str, ended: Callable[[str], None]) -> None:
        command = [sys.executable, "-P", "-m", "gilscope.queues.dask.node"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment())
        self.what = what
        self.pid = self._process.pid
        self._ended = ended
        self._waiting = threading.Thread(target=self._wait, name="gilscope-dask", daemon=True)
        self._waiting.start()

    def _wait(self) -> None:
        self._ended(f"{self.what} ended {exit_reason(self._process.wait())}")

    def tell(self, options: dict[str, Any]) -> None:
        """What to run; until then it imports what that needs."""
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended: its address will not come
            self._process.stdin.write(json.dumps(options).encode() + b"\n")
            self._process.stdin.flush()

    def address(self) -> str:
        """Where it listens, as soon as it does.

        :raises ClusterLost: when it ends before
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ClusterLost(f"{self.what} ended {exit_reason(self._process.wait())}")
        return line.decode().strip()

    def leave(self) -> None:
        """Ask it to end."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def close(self) -> None:
        self.leave()
        self._waiting.join(END_TIMEOUT_S)
        if self._waiting.is_alive():
            self._process.kill()
            self._waiting.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Cluster:
    """A running cluster."""

    def __init__(self) -> None:
        self.scheduler = ""
        self.pids: Sequence[int] = ()
        """The scheduler's, then the workers'."""
        self.workers: Sequence[str] = ()
        """Their addresses."""
        self.given = False
        """Whether somebody else runs it."""
        self.here = True
        """Whether all its workers read the same clock as this process."""
        self.fate: str | None = None
        """Which process ended, and how; None while all live."""
        self._tell: Callable[[str], object] | None = None
        self._leaving = False

    @contextmanager
    def on_end(self, tell: Callable[[str], object]) -> Iterator[None]:
        """Within, ``tell`` is called, from any thread, with the fate."""
        self._tell = tell
        try:
            if self.fate is not None:
                tell(self.fate)
            yield
        finally:
            self._tell = None

    def _ended(self, fate: str) -> None:
        if self.fate is None and not self._leaving:
            self.fate = fate
            tell = self._tell
            if tell is not None:
                tell(fate)


@contextmanager
def open_cluster(workers: int, threads: int) -> Iterator[Cluster]:
    """Start a scheduler and so many workers of so many threads each.

    :raises ClusterLost: when one of them does not start
    """
    cluster = Cluster()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gilscope-dask-", dir=_trial_folder()))
        nodes: list[_Node] = []
        network = stack.enter_context(ExitStack())
        stack.callback(_close, cluster, nodes)
        nodes.append(_started("the Dask scheduler", cluster))
        nodes.extend(_started("a worker process", cluster) for _ in range(workers))
        nodes[0].tell({})
        cluster.scheduler = network.enter_context(scheduler_beyond(nodes[0].address()))
        cluster.pids = [node.pid for node in nodes]
        for node in nodes[1:]:
            node.tell({"scheduler": cluster.scheduler, "nthreads": threads, "local_directory": folder})
        cluster.workers = [node.address() for node in nodes[1:]]
        yield cluster


def _started(what: str, cluster: Cluster) -> _Node:
    try:
        return _Node(what, cluster._ended)
    except OSError as error:
        raise ClusterLost(f"{what} could not be started: {error}") from error


def _close(cluster: Cluster, nodes: Sequence[_Node]) -> None:
    cluster._leaving = True
    for node in nodes[1:]:  # all workers at once, before the scheduler
        node.leave()
    for node in reversed(nodes):
        node.close()


def _environment() -> dict[str, str]:
    """Modules are found as here, and native libraries limited to one thread, as by the nanny that Dask's own workers
    have over them."""
    limits = config.get("distributed.nanny.pre-spawn-environ", {})
    return {**{name: str(value) for name, value in limits.items()}, **os.environ, "PYTHONPATH": python_path()}


def _trial_folder() -> str | None:
    """The folder that is removed with the trial, whatever ends it."""
    return os.environ.get("GILSCOPE_TRIAL")
