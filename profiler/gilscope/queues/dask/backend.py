"""`dask.distributed`: a scheduler hands tasks to workers, which are processes of one thread each, or the threads of one
process. Its executor takes no notice of a chunksize; here a chunk of calls is one task."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from time import perf_counter, perf_counter_ns
from typing import Any

from gilscope.backends.base import (
    Backend,
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
from gilscope.backends.unpicklable import explain, explain_calls
from gilscope.backends.worker import current_worker, describe_error, enter_worker, run_chunk
from gilscope.errors import UsageError
from gilscope.thread_address import ThreadAddress

try:
    from distributed import Client, KilledWorker
    from distributed.protocol.pickle import dumps

    from gilscope.queues.cpu import cpu_s
    from gilscope.queues.dask.cluster import Cluster, ClusterLost, open_cluster
    from gilscope.queues.dask.given import DASK, Unfit, given_cluster
    from gilscope.queues.dask.silence import silence
    from gilscope.queues.meter import IDLE_TASKS, Meter
except ImportError as error:
    raise UsageError(f"the backend dask needs Dask ({error}): pip install 'gilscope[queues]'") from error

__all__ = ["Dask", "DaskThreads"]

START_TIMEOUT_S = 60.0
#: Results that are fetched together: one by one they cost the client more than most tasks take, and all at once they
#: need not fit in memory.
GATHERED = 32

_Result = tuple[ChunkReport, list[Any]]


@dataclass(frozen=True)
class _Chunk:
    """A chunk of calls, in which Dask does not look for tasks of its own, as it does in lists."""

    work: Work
    calls: Calls
    submitted_ns: int


def _run(chunk: _Chunk) -> _Result:
    return run_chunk(chunk.work, chunk.calls, chunk.submitted_ns)


# -- in the workers ---------------------------------------------------------------------------------------------------

_everyone: threading.Barrier | None = None
_entered: list[Any] = []


def _set_up(_session: Any, threads: int, setup: Callable[[], Any] | None) -> CallError | None:
    """Once in each worker process. ``_session`` has done its work when it is unpickled."""
    global _everyone
    _everyone = threading.Barrier(threads)
    return _called(setup)


def _called(hook: Callable[[], Any] | None) -> CallError | None:
    """What the user's own function raised, as text."""
    try:
        if hook is not None:
            hook()
    except BaseException as error:
        return describe_error(error)
    return None


def _enter(observer_pid: int | None) -> ThreadAddress:
    """Once in each thread: none takes two of these tasks, for nobody goes on before everybody is there."""
    assert _everyone is not None, "before the set-up"
    _everyone.wait(START_TIMEOUT_S)
    _entered.append(current_worker())
    return enter_worker(observer_pid=observer_pid)


def _tear_down(teardown: Callable[[], Any] | None) -> CallError | None:
    while _entered:
        _entered.pop().close()
    return _called(teardown)


# -- in the trial's process -------------------------------------------------------------------------------------------


class _DaskPool(OpenPool):
    def __init__(self, client: Client, cluster: Cluster, work: Work, workers: tuple[ThreadAddress, ...]) -> None:
        self._client = client
        self._cluster = cluster
        self._meter = Meter()
        self.work = work.stripped()
        self.workers = () if cluster.given else workers
        self._where: dict[str, Any] = {"workers": list(cluster.workers)} if cluster.given else {}

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        try:
            if not self._meter.round_trip:
                self._time_round_trips()
            scheduler, workers = self._cluster.pids[:1], self._cluster.pids[1:]
            with self._meter.round(chunks, lambda: cpu_s(scheduler), lambda: cpu_s(workers)):
                self._run(chunks, report)
        except ClusterLost as lost:
            raise WorkerDied(f"{lost} in the middle of its work") from lost
        except Exception as error:
            if self._cluster.fate is not None:
                raise WorkerDied(f"{self._cluster.fate} in the middle of its work") from error
            raise _judged(error, self.work, chunks) from error
        self.queue = self._meter.figures

    def _run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        def take(group: list[_Result]) -> None:
            for done, _ in group:
                self._meter.executed(done)
                report(self._placed(done))

        tally = Tally(-(-len(chunks) // GATHERED), take)
        with self._cluster.on_end(lambda fate: tally.give_up(ClusterLost(fate))):
            for future in self._submit(chunks):
                future.add_done_callback(tally.take)
            tally.wait()

    def _submit(self, chunks: Sequence[Calls]) -> Iterator[Future[list[_Result]]]:
        """A future of each group of results, fetched as soon as they are there and then let go."""
        now = perf_counter_ns()
        tasks = deque(
            self._client.map(_run, [_Chunk(self.work, chunk, now) for chunk in chunks], pure=False, **self._where)
        )
        if chunks:
            self._meter.enqueue.append((perf_counter_ns() - now) / 1e9 / len(chunks))
        while tasks:
            yield _fetching(self._client, [tasks.popleft() for _ in range(min(GATHERED, len(tasks)))])

    def _placed(self, report: ChunkReport) -> ChunkReport:
        return report if self._cluster.here else replace(report, one_clock=False)

    def _time_round_trips(self) -> None:
        for number in range(IDLE_TASKS):
            began = perf_counter()
            task = self._client.submit(_run, _Chunk(self.work, [], perf_counter_ns()), pure=False, **self._where)
            done, _ = _fetched(self._client, self._cluster, task)
            ended = perf_counter()
            _fetched(self._client, self._cluster, task)
            self._meter.idle(number, began, ended, perf_counter(), self._placed(done))


def _fetching(client: Client, tasks: Any) -> Future[Any]:
    loop: Any = client.loop
    return asyncio.run_coroutine_threadsafe(client.gather(tasks, asynchronous=True), loop.asyncio_loop)


def _judged(error: Exception, work: Work, chunks: Sequence[Calls]) -> Refusal | WorkerDied:
    """What a failure of the machinery means: the target's own exceptions travel in the reports."""
    if isinstance(error, KilledWorker | OSError | CancelledError):
        return WorkerDied(f"Dask lost a task: {error}")
    return Refusal(explain_calls(work.kwargs, chunks) or _of_result(error))


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
            _hook(client, cluster, "set-up", _set_up, work.session, threads, work.setup)
            observer_pid = None if cluster.given else os.getppid()
            workers = _everywhere(client, cluster, _enter, observer_pid, times=threads)
            yield _DaskPool(client, cluster, work, tuple(workers))
            with suppress(ClusterLost):  # whose workers ended without
                _hook(client, cluster, "tear-down", _tear_down, work.teardown)
    except ClusterLost as error:
        raise WorkerDied(f"{error} while starting") from error


@contextmanager
def _cluster(processes: int, threads: int) -> Iterator[tuple[Client, Cluster]]:
    """One of our own, or that which was given."""
    address = os.environ.get(DASK)
    if address is None:
        with open_cluster(processes, threads) as cluster, _connected(cluster) as client:
            yield client, cluster
        return
    try:
        with given_cluster(address, processes, threads) as both:
            yield both
    except Unfit as error:
        raise Refusal(str(error)) from error


@contextmanager
def _connected(cluster: Cluster) -> Iterator[Client]:
    client = Client(cluster.scheduler, set_as_default=False, timeout=START_TIMEOUT_S)
    try:
        yield client
    finally:
        client.close()


def _hook(client: Client, cluster: Cluster, what: str, func: Callable[..., CallError | None], *args: Any) -> None:
    raised = next(filter(None, _everywhere(client, cluster, func, *args)), None)
    if raised is not None:
        raise WorkerDied(f"the {what} raised in a worker: {raised.message}")


def _everywhere(client: Client, cluster: Cluster, func: Callable[..., Any], *args: Any, times: int = 1) -> list[Any]:
    """Run ``func`` as a task so many times on every worker, where Dask's own ``run`` would not take the threads that
    run tasks.

    :raises ClusterLost: when a process ends meanwhile
    """
    where = [address for address in cluster.workers for _ in range(times)]
    tasks = [client.submit(func, *args, workers=[address], pure=False) for address in where]
    return list(_fetched(client, cluster, tasks))


def _fetched(client: Client, cluster: Cluster, tasks: Any) -> Any:
    """The results of tasks.

    :raises ClusterLost: when a process ends meanwhile
    """
    done = _fetching(client, tasks)
    try:
        with cluster.on_end(lambda fate: done.cancel()):
            return done.result()
    except CancelledError as error:
        raise ClusterLost(cluster.fate or "the Dask scheduler lost a task") from error


def _find(_func: Callable[..., Any]) -> None:
    """Has imported it, when it is called."""


def _must_be_found(client: Client, cluster: Cluster, func: Callable[..., Any]) -> None:
    """Workers that others started may not have what we have."""
    try:
        _everywhere(client, cluster, _find, func)
    except ClusterLost:
        raise
    except Exception as error:
        raise Refusal(f"the function cannot be imported in a worker: {error.__cause__ or error}") from error


def _must_serialize(what: str, value: Any) -> None:
    try:
        dumps(value)
    except Exception as error:
        raise Refusal(explain(what, value) or f"{what} cannot be pickled: {error}") from error


class Dask(Backend):
    """Workers that are processes of one thread each."""

    name = "dask"
    simplicity = 4
    shares_gil = False
    empty_chunks = 20

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        with _open(work, configuration.workers, 1) as session:
            yield session


class DaskThreads(Backend):
    """Workers that are the threads of one process."""

    name = "dask-threads"
    simplicity = 4
    shares_gil = True
    elsewhere = True
    empty_chunks = 20

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        with _open(work, 1, configuration.workers) as session:
            yield session
