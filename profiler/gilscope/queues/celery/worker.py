"""The process of Celery's backends: ``celery worker``, which says of each of its workers
when it is ready."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from typing import Any

from celery.apps import worker as command
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown, worker_ready, worker_shutdown

from gilscope.backends.base import CallError
from gilscope.backends.worker import current_worker, enter_worker
from gilscope.queues.brokers.broker import Broker
from gilscope.queues.celery.app import make_app
from gilscope.queues.workers.group import join
from gilscope.queues.workers.orders import Orders, Unready, enter

__all__ = ["main"]

LOOK_UP_S = 0.1
#: What a worker that is started for a few seconds, beside no other, can do without.
ALONE = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}
REPLACED = Unready("a process ended while starting", CallError("", "its set-up, or importing the target, ended it", ""))


class _Process:
    """A process with workers in it."""

    def __init__(self, broker: Broker, workers: int) -> None:
        self._broker = broker
        self._workers = workers
        self._orders: Orders | None = None
        self._entered: list[Any] = []

    def enter(self, **_: Any) -> None:
        """It is one worker itself: Celery's signal ``worker_process_init``."""
        with self._broker.connect() as connection:
            begun: Any = connection.incr(f"{self._broker.prefix}:begun")
        if begun > self._workers:  # Celery has put it in the place of one that ended
            join(self._broker, REPLACED)
        else:
            self._enter()

    def enter_threads(self, sender: Any, **_: Any) -> None:
        """The threads or greenlets of its pool are the workers: Celery's signal ``worker_ready``. None takes two of
        these tasks, for nobody goes on before everybody is there."""
        everyone = threading.Barrier(self._workers)

        def enter() -> None:
            first = everyone.wait() == 0
            if first:
                self._enter()
            everyone.wait()
            if not first:
                self._follow()

        submit = sender.pool.executor.submit if hasattr(sender.pool, "executor") else sender.pool._pool.spawn
        for _number in range(self._workers):
            submit(enter)

    def _enter(self) -> None:
        self._entered.append(current_worker())
        self._orders = enter(self._broker)

    def _follow(self) -> None:
        """Where the first has done the set-up."""
        self._entered.append(current_worker())
        join(self._broker, self._orders and enter_worker())

    def leave(self, **_: Any) -> None:
        """Once in each process."""
        for worker in self._entered:
            worker.close()
        teardown = None if self._orders is None else self._orders.teardown.value()
        if teardown is not None:
            teardown()


def main() -> None:
    """Run until told to end. Arguments: the kind of pool, and the number of workers."""
    pool, workers = sys.argv[1:]
    broker = Broker.from_environment()
    process = _Process(broker, int(workers))
    if pool != "prefork":
        worker_ready.connect(process.enter_threads, weak=False)
        worker_shutdown.connect(process.leave, weak=False)
    else:
        worker_process_init.connect(process.enter, weak=False)
        worker_process_shutdown.connect(process.leave, weak=False)
    worker_ready.connect(_look_up, weak=False)
    _silence()
    # Not by its command line, whose options the environment has a say in (BROKER_URL, RESULT_BACKEND, APP and others).
    worker = make_app(broker).Worker(pool=pool, concurrency=int(workers), loglevel="CRITICAL", quiet=True, **ALONE)
    worker.start()
    sys.exit(worker.exitcode)


def _look_up(sender: Any, **_: Any) -> None:
    """Look often whether it was told to end: Celery's loop sleeps on through signals until something else wakes it."""
    if sender.hub is not None:  # there is none with greenlets, which look up themselves
        sender.hub.call_repeatedly(LOOK_UP_S, lambda: None)


def _silence() -> None:
    """Keep what Celery says apart from what the target prints, and the loggers of the target as they are."""
    setup_logging.connect(_set_up_no_logging, weak=False)
    for name in ("celery", "kombu", "multiprocessing"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.simplefilter("ignore", SecurityWarning)
    command.safe_say = lambda *_: None  # that it ends, on one stream or the other


def _set_up_no_logging(**_: Any) -> None:
    """With a receiver of this signal, Celery sets up none."""
