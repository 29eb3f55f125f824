"""RQ: tasks go through Redis to worker processes, each of which does one at a time. `Rq` is its usual worker, which
forks a process for each task; `RqSimple` runs tasks in the worker itself. A chunk of calls is one task."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import msgspec

from gilscope.backends.base import Calls, ChunkReport, Configuration, OpenPool, Refusal, Work, WorkerDied
from gilscope.errors import BrokerError, ForgedError, UsageError
from gilscope.records import QueueFigures
from gilscope.subprocesses import exit_reason
from gilscope.thread_address import ThreadAddress

try:
    from rq import Queue
    from rq.job import Job
    from rq.results import Result

    from gilscope.queues import variables
    from gilscope.queues.brokers.broker import Broker
    from gilscope.queues.brokers.signed import NOT_OURS
    from gilscope.queues.pool import QueueBackend, QueuePool, unpickled
    from gilscope.queues.remote.workers import RemoteWorkers, call_workers
    from gilscope.queues.rq.redelivery import Redelivery
    from gilscope.queues.rq.worker import Done, Unpicklable, perform, serializer, worker_command
    from gilscope.queues.workers.group import Workers, start_workers
    from gilscope.queues.workers.orders import workers_on_broker
except ImportError as error:
    raise UsageError(f"the backends rq and rq-simple need RQ ({error}): pip install 'gilscope[queues]'") from error

__all__ = ["Rq", "RqSimple"]

#: RQ's own limit, 180 s, is not for analyses, whose rounds have one.
NO_TIMEOUT = -1
TASK = f"{perform.__module__}.{perform.__qualname__}"


class _RqPool(QueuePool[Job]):
    def __init__(self, broker: Broker, workers: Workers, work: Work, addresses: tuple[ThreadAddress, ...]) -> None:
        super().__init__(work, "redis")
        self.workers = addresses
        self._broker = broker
        self._group = workers
        self._connection = broker.connect()
        self._queue = Queue(broker.prefix, connection=self._connection, serializer=serializer(broker.secret))
        self._tasks = 0
        self._last: dict[int, Done] = {}
        self._redelivery = Redelivery(self._queue)
        if isinstance(workers, RemoteWorkers):
            workers.on_loss = lambda number, reason: self._redelivery.hand_out(f"{broker.prefix}-{number}", reason)
            self.here = workers.here
            self.workers = addresses if self.here else ()  # nobody here can watch them

    @property
    def figures(self) -> QueueFigures:
        figures, workers = super().figures, self._group
        if not isinstance(workers, RemoteWorkers):
            return figures
        return msgspec.structs.replace(figures, workers_lost=len(workers.lost), tasks_again=self._redelivery.total)

    def cpu_s(self) -> tuple[float | None, None]:
        return self._broker.cpu_s(self._connection), None

    def translated_failures(self, chunks: Sequence[Calls]) -> AbstractContextManager[None]:
        del chunks
        return self._group.watching_broker()

    def packed(self, chunk: Calls, submitted_ns: int) -> Job:
        self._tasks += 1
        task = f"{self._broker.prefix}-{self._tasks}"
        job: Job = Job.create(
            TASK,
            (task, self.work, chunk, submitted_ns),
            connection=self._connection,
            id=task,
            origin=self._queue.name,
            timeout=NO_TIMEOUT,
            description="gilscope",  # not the arguments, which RQ would describe in the open
            serializer=self._queue.serializer,
        )
        job.data  # noqa: B018  pickled here
        return job

    def send(self, message: Job) -> Job:
        self._queue.enqueue_job(message)
        self._redelivery.awaited[message.id] = message
        return message

    def result(self, task: Job) -> ChunkReport:
        number, fields = self._group.first_of(Result.get_key(task.id))  # type: ignore[no-untyped-call]
        del self._redelivery.awaited[task.id]
        restore = partial(Result.restore, task.id, number, fields, self._connection, self._queue.serializer)
        result = unpickled(restore)
        if result.type is not Result.Type.SUCCESSFUL:
            raise _judged(result.exc_string or "")
        done: Any = result.return_value
        if done.task != task.id:
            raise ForgedError(f"a result on the broker is that of another task: {NOT_OURS}")
        if isinstance(done, Unpicklable):
            raise Refusal(done.reason)
        self._note_cpu(done)
        report: ChunkReport = done.report
        return report

    def _note_cpu(self, done: Done) -> None:
        """What a worker spent between the tasks, one after the other."""
        last = self._last.get(done.worker)
        if last is not None:
            self.meter.worker_cpu.append((done.before_ns - last.before_ns - last.calls_ns) / 1e9)
        self._last[done.worker] = done

    def fetch_again(self, task: Job) -> None:
        task.latest_result()

    def close(self) -> None:
        self._connection.close()


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
    return "" if status is None else f"{exit_reason(os.waitstatus_to_exitcode(int(status[1])))} "


def _cause(failure: str) -> str:
    """The last line of the first of two chained tracebacks."""
    first = failure.partition("\nThe above exception")[0].strip()
    return first.rpartition("\n")[2]


class Rq(QueueBackend):
    """Workers that fork a process for each task. Those live too short to be watched, and their parents only wait."""

    name = "rq"
    simplicity = 4
    shares_gil = False
    watched = False

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        with workers_on_broker(work, partial(self._start, configuration.workers)) as (broker, workers, addresses):
            pool = _RqPool(broker, workers, work, addresses if self.watched else ())
            yield pool
            pool.close()

    def _start(self, count: int, broker: Broker) -> AbstractContextManager[Workers]:
        if self.name == RqSimple.name and variables.SECRET_FILE in os.environ:
            return call_workers(broker, self.name, count)
        return start_workers(broker, [worker_command(self.name, number) for number in range(count)], count)


class RqSimple(Rq):
    """Workers that run tasks themselves."""

    name = "rq-simple"
    watched = True
