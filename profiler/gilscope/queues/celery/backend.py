"""Celery: tasks wait on a broker until a worker takes them. Its workers are processes, forked by one that fetches tasks
for all (``--pool prefork``), the threads of one process (``--pool threads``), or the greenlets of one thread (``--pool
gevent``), where gevent is installed. A chunk of calls is one task."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

from gilscope.backends.base import Calls, ChunkReport, Configuration, OpenPool, Refusal, Work, WorkerDied
from gilscope.errors import ForgedError, UsageError
from gilscope.subprocesses import interpreter
from gilscope.thread_address import ThreadAddress

try:
    from billiard.exceptions import WorkerLostError
    from celery import Celery
    from celery.exceptions import TimeoutError  # noqa: A004  Celery's own is not Python's
    from celery.result import AsyncResult
    from kombu.exceptions import KombuError
    from redis import RedisError

    from gilscope.backends.worker import run_chunk
    from gilscope.queues.brokers import rabbitmq
    from gilscope.queues.brokers.broker import Broker
    from gilscope.queues.brokers.signed import NOT_OURS
    from gilscope.queues.celery.app import TASK, make_app
    from gilscope.queues.meter import cpu_s
    from gilscope.queues.pool import QueueBackend, QueuePool, unpickled
    from gilscope.queues.processes import WorkersLost
    from gilscope.queues.workers.group import LOOK_S, LocalWorkers, start_workers
    from gilscope.queues.workers.orders import workers_on_broker
except ImportError as error:
    raise UsageError(
        f"the backends celery and celery-threads need Celery ({error}): pip install 'gilscope[queues]'"
    ) from error

__all__ = ["CeleryGevent", "CeleryPrefork", "CeleryThreads"]

MAIN = "from gilscope.queues.celery.worker import main; main()"
#: gevent replaces what waits, before anybody has imported it.
PATCHED = f"from gevent.monkey import patch_all; patch_all(); {MAIN}"


class _CeleryPool(QueuePool[AsyncResult]):
    def __init__(
        self, app: Celery, broker: Broker, workers: LocalWorkers, work: Work, addresses: tuple[ThreadAddress, ...]
    ) -> None:
        super().__init__(work, "redis" if broker.tasks_url is None else "rabbitmq")
        self.workers = addresses
        self._app = app
        self._task = app.tasks[TASK]
        self._broker = broker
        self._group = workers
        self._connection = broker.connect()
        self._tasks = 0
        self._pids = {*workers.processes.pids, *(address.pid for address in addresses)}

    def run_tasks(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        self._must_be_there()
        super().run_tasks(chunks, report)
        self._must_be_there()

    def cpu_s(self) -> tuple[float | None, float | None]:
        return self._broker.cpu_s(self._connection), cpu_s(self._pids)

    @contextmanager
    def translated_failures(self, chunks: Sequence[Calls]) -> Iterator[None]:
        del chunks
        try:
            with self._watching_rabbitmq(), self._group.watching_broker(), _unwrapped():
                yield
        except WorkerLostError as error:
            raise WorkerDied(f"a worker process ended in the middle of its work: {error}") from error

    def _watching_rabbitmq(self) -> AbstractContextManager[None]:
        return nullcontext() if self._broker.tasks_url is None else rabbitmq.translated_errors(self._broker.tasks_url)

    def packed(self, chunk: Calls, submitted_ns: int) -> bytes:
        return pickle.dumps((run_chunk, (self.work, chunk, submitted_ns)), pickle.HIGHEST_PROTOCOL)

    def send(self, message: bytes) -> AsyncResult:
        self._tasks += 1
        task = f"{self._broker.prefix}-{self._tasks}"
        return self._task.apply_async((task, message), task_id=task)

    def result(self, task: AsyncResult) -> ChunkReport:
        number, blob = self._waited_for(task)
        if number != task.id:
            raise ForgedError(f"a result on the broker is that of another task: {NOT_OURS}")
        report: ChunkReport
        report, _ = unpickled(partial(pickle.loads, blob))  # part of a signed message
        return report

    def _waited_for(self, task: AsyncResult) -> Any:
        while True:
            try:
                return task.get(timeout=LOOK_S)
            except TimeoutError:
                self._group.must_live()

    def fetch_again(self, task: AsyncResult) -> None:
        self._app.backend.get_task_meta(task.id, cache=False)

    def release(self, task: AsyncResult) -> None:
        task.forget()
        task.backend.remove_pending_result(task)  # when it is deleted, the application may be closed
        self.abandon(task)

    def abandon(self, task: AsyncResult) -> None:
        task.backend = None  # so that it does not tell the broker, which may be gone, when it is deleted

    def _must_be_there(self) -> None:
        """Each of the processes that are watched: Celery puts another in the place of one that ends."""
        self._group.must_live()
        if not all(map(_is_there, self._pids)):
            raise WorkersLost("a worker process ended")

    def close(self) -> None:
        self._connection.close()


@contextmanager
def _unwrapped() -> Iterator[None]:
    """Within, what Kombu wraps is raised itself."""
    try:
        yield
    except (KombuError, RuntimeError) as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, RedisError | ForgedError):
            raise cause from cause.__cause__
        raise


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class _Celery(QueueBackend):
    simplicity = 5
    pool: ClassVar[Literal["prefork", "threads", "gevent"]]

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        with workers_on_broker(work, partial(self._start, configuration.workers), amqp=True) as made:
            broker, workers, addresses = made
            app = make_app(broker)
            try:
                pool = _CeleryPool(app, broker, workers, work, addresses)
                yield pool
                pool.close()
            finally:
                app.close()

    def _start(self, count: int, broker: Broker) -> AbstractContextManager[LocalWorkers]:
        program = PATCHED if self.pool == "gevent" else MAIN
        command = [interpreter(), "-P", "-c", program, self.pool, str(count)]
        return start_workers(broker, [command], count)


class CeleryPrefork(_Celery):
    """Workers that are processes."""

    name = "celery"
    shares_gil = False
    pool = "prefork"


class CeleryThreads(_Celery):
    """Workers that are the threads of one process."""

    name = "celery-threads"
    shares_gil = True
    elsewhere = True
    pool = "threads"


class CeleryGevent(_Celery):
    """Workers that are greenlets. All of them are one thread, whose time cannot be divided among them from outside."""

    name = "celery-gevent"
    simplicity = 6
    shares_gil = True
    elsewhere = True
    pool = "gevent"

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        if find_spec("gevent") is None:
            raise UsageError("the backend celery-gevent needs gevent: pip install gevent")
        if work.kind in ("coroutine", "async-generator"):
            raise Refusal("a coroutine function needs an event loop of its own, and greenlets share one thread")
        with super().open(work, configuration) as pool:
            pool.workers = ()
            yield pool
