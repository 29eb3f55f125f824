"""A worker of the backend ``rq``, a process of its own: RQ's worker classes, which read only what gilscope signed."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from functools import partial
from time import thread_time_ns
from typing import Any, ClassVar

from rq import Queue, SimpleWorker, Worker
from rq.job import Job
from rq.worker import BaseWorker

from gilscope.backends.base import Calls, ChunkReport, Work
from gilscope.backends.worker import current_worker, enter_worker, run_chunk
from gilscope.errors import ForgedError
from gilscope.queues.brokers.broker import Broker
from gilscope.queues.brokers.signed import NOT_OURS, pack, unpack
from gilscope.queues.workers.orders import Orders, enter
from gilscope.subprocesses import interpreter
from gilscope.unpicklable import explain

__all__ = ["Done", "Forking", "Simple", "Unpicklable", "main", "perform", "serializer", "worker_command"]


PURPOSE = "task"


@dataclass(frozen=True)
class Done:
    """What a task sends back: the results cross the boundary as a user's do."""

    task: str
    """Which it was."""
    report: ChunkReport
    results: list[Any]
    worker: int
    """The number of the worker that took the task from the queue."""
    before_ns: int
    """Its CPU and its ended children's before it began with the task."""
    calls_ns: int
    """CPU of the task's calls."""


@dataclass(frozen=True)
class Unpicklable:
    """Sent in place of results that cannot be."""

    task: str
    reason: str


def serializer(secret: bytes) -> Any:
    """RQ's serializer is a class: one that signs, and reads nothing else. It is not told what for; tasks and results
    carry the number of the task (`perform`)."""
    methods = {"dumps": staticmethod(partial(_dump, secret)), "loads": staticmethod(partial(unpack, secret, PURPOSE))}
    return type("Signed", (), methods)


def _dump(secret: bytes, value: Any) -> bytes:
    try:
        return pack(secret, PURPOSE, value)
    except Exception as error:
        if not isinstance(value, Done):
            raise
        told = next(filter(None, (explain("a result", result) for result in value.results)), None)
        return pack(secret, PURPOSE, Unpicklable(value.task, told or f"a result cannot be pickled: {error}"))


class SignedJob(Job):
    """A job that runs what is signed and nothing else: callbacks stand by their names in the open."""

    success_callback = failure_callback = stopped_callback = None


class _State:
    """This process's."""

    orders: Orders
    worker = 0
    task = ""
    """The one that is being done, as its place on the broker says."""
    begun: ClassVar[set[str]] = set()
    """All that were."""
    before_ns = 0


def perform(task: str, work: Work, chunk: Calls, submitted_ns: int) -> Done:
    """The task: a chunk of calls.

    :raises ForgedError: when what was signed for one task stands in the place of another
    """
    if task != _State.task:
        raise ForgedError(f"a message on the broker is that of another task: {NOT_OURS}")
    began_ns = thread_time_ns()
    report, results = run_chunk(work, chunk, submitted_ns)
    return Done(task, report, results, _State.worker, _State.before_ns, thread_time_ns() - began_ns)


class _Ours(BaseWorker):
    """What both kinds do."""

    job_class = SignedJob

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Once: what a lost worker had in hand is done by another."""
        if job.id in _State.begun:
            return
        _State.begun.add(job.id)
        _State.task, _State.before_ns = job.id, _cpu_ns()
        super().execute_job(job, queue)

    def run_maintenance_tasks(self) -> None:
        """None: what others left on the broker is theirs."""


class Simple(_Ours, SimpleWorker):
    """Runs tasks in its own process."""


class Forking(_Ours, Worker):
    """Forks a process for each task."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        enter_worker(observer_pid=_State.orders.observer_pid)  # a fork that is meant to be, and ends with its parent
        super().main_work_horse(job, queue)


def _cpu_ns() -> int:
    """Of this process and of its children that ended."""
    from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage  # not on every platform where this can be imported

    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return int(sum(usage.ru_utime + usage.ru_stime for usage in used) * 1e9)


KINDS = {"rq": Forking, "rq-simple": Simple}


def worker_command(kind: str, number: int) -> list[str]:
    """The program, and its arguments, that is a worker."""
    return [interpreter(), "-P", "-c", f"from {__name__} import main; main()", kind, str(number)]


def main() -> None:
    """Work until told to stop. Arguments: the kind of worker, and its number."""
    kind, number = sys.argv[1:]
    broker = Broker.from_environment()
    with broker.connect() as connection:
        signed = serializer(broker.secret)
        worker = KINDS[kind](
            [broker.prefix], name=f"{broker.prefix}-{number}", connection=connection, serializer=signed
        )
        orders = enter(broker)
        if orders is None:
            signal.pause()  # whoever was told ends all: an end of its own would be the news first
            return
        _State.orders, _State.worker = orders, int(number)
        try:
            worker.work(logging_level="ERROR")
        finally:
            current_worker().close()
            teardown = orders.teardown.value()
            if teardown is not None:
                teardown()
