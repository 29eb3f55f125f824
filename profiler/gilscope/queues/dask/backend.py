"""`dask.distributed`: a scheduler hands tasks to workers, which are processes of one thread each, or the threads of one
process. Its executor takes no notice of a chunksize; here a chunk of calls is one task."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import closing, contextmanager, suppress
from time import perf_counter_ns
from typing import Any

from gilscope.backends.base import (
    CallError,
    Calls,
    ChunkReport,
    Configuration,
    OpenPool,
    Refusal,
    Work,
    WorkerDied,
)
from gilscope.backends.thread import Tally
from gilscope.errors import UsageError
from gilscope.thread_address import ThreadAddress
from gilscope.unpicklable import explain, explain_calls

try:
    from dask import config
    from distributed import Client, KilledWorker
    from distributed.protocol.pickle import dumps

    from gilscope.queues import variables
    from gilscope.queues.dask import worker
    from gilscope.queues.dask.cluster import Cluster, open_cluster
    from gilscope.queues.dask.given import given_cluster
    from gilscope.queues.dask.node import silence
    from gilscope.queues.dask.private import OWN_CONFIGURATION
    from gilscope.queues.meter import cpu_s
    from gilscope.queues.pool import QueueBackend, QueuePool
    from gilscope.queues.processes import WorkersLost
except ImportError as error:
    raise UsageError(f"the backend dask needs Dask ({error}): pip install 'gilscope[queues]'") from error

__all__ = ["Dask", "DaskThreads"]

#: Results that are fetched together: one by one they cost the client more than most tasks take, and all at once they
#: need not fit in memory.
GATHERED = 32


class _DaskPool(QueuePool[Any]):
    def __init__(self, client: Client, cluster: Cluster, work: Work, workers: tuple[ThreadAddress, ...]) -> None:
        super().__init__(work)
        self.workers = () if cluster.given else workers
        self.here = cluster.here
        self._client = client
        self._cluster = cluster
        self._where: dict[str, Any] = {"workers": list(cluster.workers)} if cluster.given else {}

    def run_tasks(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        """Send all at once, and fetch results in groups, as soon as they are there."""

        def take(group: list[tuple[ChunkReport, list[Any]]]) -> None:
            for done, _ in group:
                report(self.noted(done))

        tally = Tally(-(-len(chunks) // GATHERED), take)
        with self._cluster.processes.on_end(lambda reason: tally.give_up(WorkersLost(reason))):
            for future in self._submit(chunks):
                future.add_done_callback(tally.take)
            tally.wait()

    def _submit(self, chunks: Sequence[Calls]) -> Iterator[Future[Any]]:
        """A future of each group of results, which are let go then."""
        now = perf_counter_ns()
        messages = [self.packed(chunk, now) for chunk in chunks]
        tasks = deque(self._client.map(worker.run, messages, pure=False, **self._where))
        if chunks:
            self.meter.enqueue.append((perf_counter_ns() - now) / 1e9 / len(chunks))
        while tasks:
            yield _fetching(self._client, [tasks.popleft() for _ in range(min(GATHERED, len(tasks)))])

    def packed(self, chunk: Calls, submitted_ns: int) -> worker.Chunk:
        return worker.Chunk(self.work, chunk, submitted_ns)  # pickled when it is sent

    def send(self, message: worker.Chunk) -> Any:
        return self._client.submit(worker.run, message, pure=False, **self._where)

    def result(self, task: Any) -> ChunkReport:
        report: ChunkReport
        report, _ = _fetched(self._client, self._cluster, task)
        return report

    def fetch_again(self, task: Any) -> None:
        _fetched(self._client, self._cluster, task)

    @contextmanager
    def translated_failures(self, chunks: Sequence[Calls]) -> Iterator[None]:
        try:
            yield
        except WorkersLost:
            raise
        except Exception as error:
            if self._cluster.processes.exit_reason is not None:
                raise WorkersLost(self._cluster.processes.exit_reason) from error
            if isinstance(error, KilledWorker | OSError | CancelledError):
                raise WorkerDied(f"Dask lost a task: {error}") from error
            raise Refusal(explain_calls(self.work.kwargs, chunks) or _of_result(error)) from error

    def cpu_s(self) -> tuple[float | None, float | None]:
        return cpu_s(self._cluster.processes.pids[:1]), cpu_s(self._cluster.processes.pids[1:])


def _fetching(client: Client, tasks: Any) -> Future[Any]:
    loop: Any = client.loop
    return asyncio.run_coroutine_threadsafe(client.gather(tasks, asynchronous=True), loop.asyncio_loop)


def _of_result(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    if lines[0].startswith("Could not serialize"):
        return f"a result cannot be pickled: {_raised(lines)}"
    return f"a result cannot be unpickled: {type(error).__name__}: {lines[-1]}"


def _raised(traceback: Sequence[str]) -> str:
    """What a traceback's lines say was raised, without the notes below it, which pickle adds from CPython 3.14 on."""
    frames = [number for number, line in enumerate(traceback) if line.startswith(" ")]
    return traceback[frames[-1] + 1] if frames and frames[-1] + 1 < len(traceback) else traceback[-1]


@contextmanager
def _open(work: Work, processes: int, threads: int) -> Iterator[OpenPool]:
    _must_serialize("the function", work.func)
    _must_serialize("the set-up or the tear-down", (work.setup, work.teardown))
    silence()
    try:
        with _cluster(processes, threads) as (client, cluster):
            if cluster.given:
                _must_be_found(client, cluster, work.func)
            _hook(client, cluster, "set-up", worker.set_up, work.session, threads, work.setup)
            observer_pid = None if cluster.given else os.getppid()
            workers = _everywhere(client, cluster, worker.enter, observer_pid, times=threads)
            yield _DaskPool(client, cluster, work, tuple(workers))
            with suppress(WorkersLost):  # which ended without
                _hook(client, cluster, "tear-down", worker.tear_down, work.teardown)
    except WorkersLost as lost:
        raise WorkerDied(lost.during("while starting")) from lost


@contextmanager
def _cluster(processes: int, threads: int) -> Iterator[tuple[Client, Cluster]]:
    """One of our own, or that which was given."""
    address = os.environ.get(variables.DASK)
    if address is None:
        with open_cluster(processes, threads) as cluster, closing(_client(cluster.scheduler)) as client:
            yield client, cluster
        return
    with given_cluster(address, processes, threads) as both:
        yield both


def _client(scheduler: str) -> Client:
    with config.set(OWN_CONFIGURATION):
        return Client(scheduler, set_as_default=False, timeout=worker.START_TIMEOUT_S)


def _hook(client: Client, cluster: Cluster, what: str, func: Callable[..., CallError | None], *args: Any) -> None:
    raised = next(filter(None, _everywhere(client, cluster, func, *args)), None)
    if raised is not None:
        raise WorkerDied(f"the {what} raised in a worker: {raised.message}")


def _everywhere(client: Client, cluster: Cluster, func: Callable[..., Any], *args: Any, times: int = 1) -> list[Any]:
    """Run ``func`` as a task so many times on every worker, where Dask's own ``run`` would not take the threads that
    run tasks.

    :raises WorkersLost: when a process ends meanwhile
    """
    where = [address for address in cluster.workers for _ in range(times)]
    tasks = [client.submit(func, *args, workers=[address], pure=False) for address in where]
    return list(_fetched(client, cluster, tasks))


def _fetched(client: Client, cluster: Cluster, tasks: Any) -> Any:
    """The results of tasks.

    :raises WorkersLost: when a process ends meanwhile
    """
    done = _fetching(client, tasks)
    try:
        with cluster.processes.on_end(lambda reason: done.cancel()):
            return done.result()
    except CancelledError as error:
        raise WorkersLost(cluster.processes.exit_reason or "the Dask scheduler lost a task") from error


def _must_be_found(client: Client, cluster: Cluster, func: Callable[..., Any]) -> None:
    """Workers that others started may not have what we have."""
    try:
        _everywhere(client, cluster, worker.find, func)
    except WorkersLost:
        raise
    except Exception as error:
        raise Refusal(f"the function cannot be imported in a worker: {error.__cause__ or error}") from error


def _must_serialize(what: str, value: Any) -> None:
    try:
        dumps(value)
    except Exception as error:
        raise Refusal(explain(what, value) or f"{what} cannot be pickled: {error}") from error


class _Dask(QueueBackend):
    simplicity = 4

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        processes, threads = (1, configuration.workers) if self.shares_gil else (configuration.workers, 1)
        with _open(work, processes, threads) as pool:
            yield pool


class Dask(_Dask):
    """Workers that are processes of one thread each."""

    name = "dask"
    shares_gil = False


class DaskThreads(_Dask):
    """Workers that are the threads of one process."""

    name = "dask-threads"
    shares_gil = True
    elsewhere = True
