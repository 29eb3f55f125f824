"""RQ: tasks go through Redis to worker processes, each of which does one at a time. `Rq` is its usual worker, which
forks a process for each task; `RqSimple` runs tasks in the worker itself. A chunk of calls is one task."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from time import perf_counter, perf_counter_ns
from typing import Any

import msgspec

from gilscope.backends.base import (
    Backend,
    Calls,
    ChunkReport,
    Configuration,
    OpenPool,
    Refusal,
    Work,
    WorkerDied,
)
from gilscope.errors import BrokerError, ForgedError, UsageError
from gilscope.records import QueueFigures
from gilscope.subprocesses import exit_reason
from gilscope.thread_address import ThreadAddress

try:
    from rq import Queue
    from rq.job import Job
    from rq.results import Result

    from gilscope.backends.unpicklable import explain_calls
    from gilscope.queues.brokers.broker import Broker, open_broker
    from gilscope.queues.meter import IDLE_TASKS, Meter, broker_cpu_s
    from gilscope.queues.remote.fleet import FarFleet, call_fleet
    from gilscope.queues.remote.sides import SECRET_FILE
    from gilscope.queues.rq.again import Again
    from gilscope.queues.rq.worker import Done, Unpicklable, perform, serializer, worker_command
    from gilscope.queues.workers.fleet import Fleet, FleetLost, start_fleet
    from gilscope.queues.workers.orders import give_orders, workers_of
except ImportError as error:
    raise UsageError(f"the backends rq and rq-simple need RQ ({error}): pip install 'gilscope[queues]'") from error

__all__ = ["Rq", "RqSimple"]

#: RQ's own limit, 180 s, is not for analyses, whose rounds have one.
NO_TIMEOUT = -1
TASK = f"{perform.__module__}.{perform.__qualname__}"


class _RqPool(OpenPool):
    def __init__(self, broker: Broker, fleet: Fleet, work: Work, workers: tuple[ThreadAddress, ...]) -> None:
        self.work = work.stripped()
        self.workers = workers
        self._broker = broker
        self._fleet = fleet
        self._connection = broker.connect()
        self._queue = Queue(broker.prefix, connection=self._connection, serializer=serializer(broker.secret))
        self._tasks = 0
        self._meter = Meter("redis")
        self._last: dict[int, Done] = {}
        self._again = Again(self._queue)
        if isinstance(fleet, FarFleet):
            fleet.on_loss = lambda number, fate: self._again.hand_out(f"{broker.prefix}-{number}", fate)
            if not fleet.here:
                self.workers = ()  # nobody here can watch them

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        with self._judging(chunks):
            if not self._meter.round_trip:
                self._time_round_trips()
            with self._meter.round(chunks, lambda: broker_cpu_s(self._broker, self._connection)):
                for job in [self._enqueue(chunk) for chunk in chunks]:
                    report(self._await(job).report)
        self.queue = self._figures

    @property
    def _figures(self) -> QueueFigures:
        fleet, figures = self._fleet, self._meter.figures
        if not isinstance(fleet, FarFleet):
            return figures
        return msgspec.structs.replace(figures, workers_lost=len(fleet.lost), tasks_again=self._again.total)

    @contextmanager
    def _judging(self, chunks: Sequence[Calls]) -> Iterator[None]:
        """What a failure of the machinery means: the target's own exceptions travel in the reports."""
        try:
            with self._fleet.watching_broker():
                yield
        except FleetLost as error:
            raise WorkerDied(f"{error} in the middle of its work") from error
        except _NotEnqueued as error:
            told = explain_calls(self.work.kwargs, chunks)
            raise Refusal(told or f"a task cannot be pickled: {error.__cause__}") from error

    def _time_round_trips(self) -> None:
        for number in range(IDLE_TASKS):
            began = perf_counter()
            job = self._enqueue([])
            done = self._await(job)
            ended = perf_counter()
            job.latest_result()
            fetched = perf_counter()
            self._meter.idle(number, began, ended, fetched, done.report)
        self._meter.enqueue.clear()  # what a task with arguments takes is asked

    def _enqueue(self, chunk: Calls) -> Job:
        self._tasks += 1
        began_ns = perf_counter_ns()
        job: Job = Job.create(
            TASK,
            (self.work, chunk, began_ns),
            connection=self._connection,
            id=f"{self._broker.prefix}-{self._tasks}",
            origin=self._queue.name,
            timeout=NO_TIMEOUT,
            description="gilscope",  # not the arguments, which RQ would describe in the open
            serializer=self._queue.serializer,
        )
        try:
            job.data  # noqa: B018  pickled here
        except Exception as error:
            raise _NotEnqueued from error
        self._queue.enqueue_job(job)
        self._again.awaited[job.id] = job
        self._meter.enqueue.append((perf_counter_ns() - began_ns) / 1e9)
        return job

    def _await(self, job: Job) -> Done:
        """What became of a task, when it is done.

        :raises FleetLost: when a worker ends before
        """
        number, fields = self._fleet.first_of(Result.get_key(job.id))  # type: ignore[no-untyped-call]
        del self._again.awaited[job.id]
        try:
            result = Result.restore(job.id, number, fields, self._connection, self._queue.serializer)
        except ForgedError:
            raise
        except Exception as error:
            raise Refusal(f"a result cannot be unpickled: {type(error).__name__}: {error}") from error
        if result.type is not Result.Type.SUCCESSFUL:
            raise _judged(result.exc_string or "")
        if isinstance(result.return_value, Unpicklable):
            raise Refusal(result.return_value.reason)
        value: Any = result.return_value
        done: Done = replace(value, report=self._placed(value.report))
        self._note(done)
        return done

    def _placed(self, report: ChunkReport) -> ChunkReport:
        away = isinstance(self._fleet, FarFleet) and not self._fleet.here
        return replace(report, one_clock=False) if away else report

    def _note(self, done: Done) -> None:
        self._meter.executed(done.report)
        last = self._last.get(done.worker)
        if last is not None:
            self._meter.worker_cpu.append((done.before_ns - last.before_ns - last.calls_ns) / 1e9)
        self._last[done.worker] = done

    def close(self) -> None:
        self._connection.close()


class _NotEnqueued(Exception):  # noqa: N818
    """A task cannot be pickled."""


def _judged(failure: str) -> Exception:
    """What a task that failed says of its worker; the target's own exceptions do not make it fail."""
    last = failure.strip().rpartition("\n")[2]
    if "terminated unexpectedly" in failure:
        return WorkerDied(f"a work horse, RQ's process for one task, ended {_how(failure)}in the middle of its work")
    if "OutOfMemoryError" in failure:
        return BrokerError(f"the broker is out of memory ({last}): raise its maxmemory, or analyze smaller results")
    if ForgedError.__name__ in failure:
        cause = next(line for line in failure.splitlines() if ForgedError.__name__ in line)
        return ForgedError(cause.partition(": ")[2])
    if "DeserializationError" in failure:
        return Refusal(f"an argument cannot be unpickled in a worker: {_cause(failure)}")
    return WorkerDied(f"RQ could not run a task: {last}")


def _how(failure: str) -> str:
    """From the status that waitpid returned, as RQ tells it."""
    status = re.search(r"returned (\d+)", failure)
    if status is None:
        return ""
    return f"{exit_reason(os.waitstatus_to_exitcode(int(status[1])))} "


def _cause(failure: str) -> str:
    """The last line of the first of two chained tracebacks."""
    first = failure.partition("\nThe above exception")[0].strip()
    return first.rpartition("\n")[2]


@contextmanager
def _open(name: str, work: Work, workers: int) -> Iterator[_RqPool]:
    with open_broker() as broker:
        give_orders(broker, work)
        try:
            with _fleet(broker, name, workers) as fleet:
                session = _RqPool(broker, fleet, work, workers_of(fleet))
                yield session
                session.close()
        except FleetLost as error:
            raise WorkerDied(f"{error} while starting") from error


def _fleet(broker: Broker, name: str, workers: int) -> AbstractContextManager[Fleet]:
    if name == RqSimple.name and SECRET_FILE in os.environ:
        return call_fleet(broker, name, workers)
    return start_fleet(broker, [worker_command(name, number) for number in range(workers)], workers)


class Rq(Backend):
    """Workers that fork a process for each task. Those live too short to be watched, and their parents only wait."""

    name = "rq"
    simplicity = 4
    shares_gil = False
    empty_chunks = 20

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        with _open(self.name, work, configuration.workers) as session:
            session.workers = ()
            yield session


class RqSimple(Backend):
    """Workers that run tasks themselves."""

    name = "rq-simple"
    simplicity = 4
    shares_gil = False
    empty_chunks = 20

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        with _open(self.name, work, configuration.workers) as session:
            yield session
