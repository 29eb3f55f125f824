"""Celery: tasks wait on a broker until a worker takes them. Its workers are processes, forked by one that fetches tasks
for all (``--pool prefork``), the threads of one process (``--pool threads``), or the greenlets of one thread (``--pool
gevent``), where gevent is installed. A chunk of calls is one task."""

from __future__ import annotations

import os
import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from time import perf_counter, perf_counter_ns
from typing import Any, Literal

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
from gilscope.errors import ForgedError, UsageError
from gilscope.thread_address import ThreadAddress

try:
    from billiard.exceptions import WorkerLostError
    from celery import Celery
    from celery.exceptions import TimeoutError  # noqa: A004  Celery's own is not Python's
    from celery.result import AsyncResult
    from kombu.exceptions import KombuError
    from redis import RedisError

    from gilscope.backends.unpicklable import explain_calls
    from gilscope.backends.worker import run_chunk
    from gilscope.queues.brokers import rabbitmq as rabbit
    from gilscope.queues.brokers.broker import Broker, open_broker
    from gilscope.queues.celery.app import TASK, Uncrossable, make_app
    from gilscope.queues.cpu import cpu_s
    from gilscope.queues.meter import IDLE_TASKS, Meter, broker_cpu_s
    from gilscope.queues.workers.fleet import Fleet, FleetLost, start_fleet
    from gilscope.queues.workers.orders import give_orders, workers_of
except ImportError as error:
    raise UsageError(
        f"the backends celery and celery-threads need Celery ({error}): pip install 'gilscope[queues]'"
    ) from error

__all__ = ["CeleryPrefork", "CeleryThreads"]

Pool = Literal["prefork", "threads", "gevent"]
MAIN = "from gilscope.queues.celery.worker import main; main()"
#: gevent replaces what waits, before anybody has imported it.
PATCHED = f"from gevent.monkey import patch_all; patch_all(); {MAIN}"
#: What a worker that is started for a few seconds, beside no other, can do without.
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat")
#: How often it is looked whether those that are waited for still live.
LOOK_S = 0.5


class _CeleryPool(OpenPool):
    def __init__(
        self, app: Celery, broker: Broker, fleet: Fleet, work: Work, workers: tuple[ThreadAddress, ...]
    ) -> None:
        self.work = work.stripped()
        self.workers = workers
        self._app = app
        self._task = app.tasks[TASK]
        self._broker = broker
        self._fleet = fleet
        self._connection = broker.connect()
        self._pids = {*fleet.pids, *(worker.pid for worker in workers)}
        self._meter = Meter("redis" if broker.tasks_url is None else "rabbitmq")

    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        self._must_live()
        self._must_be_there()
        with self._judging():
            if not self._meter.round_trip:
                self._time_round_trips()
            with self._metered(chunks), _sending() as sent:
                sent.extend(self._sent(chunk) for chunk in chunks)
                while sent:
                    done = self._fetched(sent[0])
                    sent.popleft()
                    self._meter.executed(done)
                    report(done)
        self._must_live()
        self._must_be_there()
        self.queue = self._meter.figures

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """What a failure of the machinery means: the target's own exceptions travel in the reports."""
        try:
            with self._watching_rabbit(), self._fleet.watching_broker(), _unwrapped():
                yield
        except FleetLost as error:
            raise WorkerDied(f"{error} in the middle of its work") from error
        except Uncrossable as error:
            raise Refusal(str(error)) from error
        except WorkerLostError as error:
            raise WorkerDied(f"a worker process ended in the middle of its work: {error}") from error

    def _watching_rabbit(self) -> AbstractContextManager[None]:
        return nullcontext() if self._broker.tasks_url is None else rabbit.told(self._broker.tasks_url)

    def _metered(self, chunks: Sequence[Calls]) -> AbstractContextManager[None]:
        broker_s = partial(broker_cpu_s, self._broker, self._connection)  # of RabbitMQ it is not ours to know
        return self._meter.round(chunks, broker_s, lambda: cpu_s(self._pids))

    def _time_round_trips(self) -> None:
        for number in range(IDLE_TASKS):
            began = perf_counter()
            sent = self._sent([])
            done = self._fetched(sent, forget=False)
            ended = perf_counter()
            self._app.backend.get_task_meta(sent.id, cache=False)
            fetched = perf_counter()
            sent.forget()
            self._meter.idle(number, began, ended, fetched, done)
        self._meter.enqueue.clear()  # what a task with arguments takes is asked

    def _sent(self, chunk: Calls) -> AsyncResult:
        began_ns = perf_counter_ns()
        try:
            blob = pickle.dumps((run_chunk, (self.work, chunk, began_ns)), pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            raise Refusal(explain_calls(self.work.kwargs, [chunk]) or f"a task cannot be pickled: {error}") from error
        sent = self._task.apply_async((blob,))
        self._meter.enqueue.append((perf_counter_ns() - began_ns) / 1e9)
        return sent

    def _fetched(self, sent: AsyncResult, *, forget: bool = True) -> ChunkReport:
        blob = self._waited_for(sent)
        if forget:
            sent.forget()
        try:
            report: ChunkReport
            report, _ = pickle.loads(blob)  # noqa: S301  part of a signed message
        except Exception as error:
            raise Refusal(f"a result cannot be unpickled: {type(error).__name__}: {error}") from error
        return report

    def _waited_for(self, sent: AsyncResult) -> Any:
        while True:
            try:
                return sent.get(timeout=LOOK_S)
            except TimeoutError:
                self._must_live()

    def _must_live(self) -> None:
        fate = self._broker.fate()
        if fate is not None:
            raise WorkerDied(f"the broker ended {fate} in the middle of its work")
        if self._fleet.fate is not None:
            why = self._broker.silence()
            raise WorkerDied(f"{self._fleet.fate} in the middle of its work{f': {why}' if why else ''}")

    def _must_be_there(self) -> None:
        """Each of the processes that are watched: Celery puts another in the place of one that ends."""
        if not all(map(_is_there, self._pids)):
            raise WorkerDied("a worker process ended in the middle of its work")

    def close(self) -> None:
        self._connection.close()


@contextmanager
def _sending() -> Iterator[deque[AsyncResult]]:
    """For results that are waited for; those that are left do not tell the broker, which may be gone, when they are
    deleted."""
    sent: deque[AsyncResult] = deque()
    try:
        yield sent
    finally:
        for left in sent:
            left.backend = None


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


@contextmanager
def _open(work: Work, workers: int, pool: Pool) -> Iterator[OpenPool]:
    command = [sys.executable, "-P", "-c", PATCHED if pool == "gevent" else MAIN, pool, str(workers), *ALONE]
    with open_broker(amqp=True) as broker:
        give_orders(broker, work)
        app = make_app(broker)
        try:
            with start_fleet(broker, [command], workers) as fleet:
                session = _CeleryPool(app, broker, fleet, work, workers_of(fleet))
                yield session
                session.close()
        except FleetLost as error:
            raise WorkerDied(f"{error} while starting") from error
        finally:
            app.close()


class CeleryPrefork(Backend):
    """Workers that are processes."""

    name = "celery"
    simplicity = 5
    shares_gil = False
    empty_chunks = 20

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        with _open(work, configuration.workers, "prefork") as session:
            yield session


class CeleryThreads(Backend):
    """Workers that are the threads of one process."""

    name = "celery-threads"
    simplicity = 5
    shares_gil = True
    elsewhere = True
    empty_chunks = 20

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        with _open(work, configuration.workers, "threads") as session:
            yield session


class CeleryGevent(Backend):
    """Workers that are greenlets. All of them are one thread, whose time cannot be divided among them from outside."""

    name = "celery-gevent"
    simplicity = 6
    shares_gil = True
    elsewhere = True
    empty_chunks = 20

    @contextmanager
    def open(self, work: Work, configuration: Configuration) -> Iterator[OpenPool]:
        if find_spec("gevent") is None:
            raise UsageError("the backend celery-gevent needs gevent: pip install gevent")
        if work.kind in ("coroutine", "async-generator"):
            raise Refusal("a coroutine function needs an event loop of its own, and greenlets share one thread")
        with _open(work, configuration.workers, "gevent") as session:
            session.workers = ()
            yield session
