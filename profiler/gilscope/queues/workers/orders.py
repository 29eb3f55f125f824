"""What the workers on every broker do alike: they take their orders, and say that they are ready."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from gilscope.backends.base import CallError, Refusal, Work, WorkerDied
from gilscope.backends.calling import describe_error
from gilscope.backends.later import Later
from gilscope.backends.worker import enter_worker
from gilscope.queues.brokers.broker import Broker, open_broker
from gilscope.queues.brokers.signed import pack, unpack
from gilscope.queues.processes import WorkersLost
from gilscope.queues.remote.sides import machine_identity
from gilscope.queues.workers.group import Workers, join
from gilscope.thread_address import ThreadAddress
from gilscope.unpicklable import explain

__all__ = ["Orders", "Unready", "enter", "workers_on_broker"]

W = TypeVar("W", bound=Workers)
ORDERS = "orders"


@dataclass(frozen=True)
class Orders:
    """What a worker process does before its first task and after its last."""

    session: Any
    """Has done its work when it is unpickled, which is before what stands behind it."""
    setup: Callable[[], Any] | None
    func: Later[Callable[..., Any]]
    """The target: its module is imported once, and not in each task."""
    teardown: Later[Callable[[], Any] | None]
    observer_pid: int | None
    """None where it is on another machine, or sees other process ids."""
    machine: str | None = None
    """Where it is (`gilscope.queues.remote.sides.machine_identity`)."""


@dataclass(frozen=True)
class Unready:
    """Why a worker cannot work."""

    what: str
    error: CallError


# -- in the trial's process -------------------------------------------------------------------------------------------


@contextmanager
def workers_on_broker(
    work: Work, start: Callable[[Broker], AbstractContextManager[W]], *, amqp: bool = False
) -> Iterator[tuple[Broker, W, tuple[ThreadAddress, ...]]]:
    """A broker, and the workers that ``start`` starts on it, each ready.

    :param amqp: whether tasks may go over RabbitMQ
    :raises Refusal: when the target, its set-up or tear-down does not get to them, or cannot be imported there
    :raises WorkerDied: when a worker ends before it is ready, or the set-up raises in one
    """
    with open_broker(amqp=amqp) as broker:
        _give_orders(broker, work)
        try:
            with start(broker) as workers:
                yield broker, workers, _addresses(workers)
        except WorkersLost as lost:
            raise WorkerDied(lost.during("while starting")) from lost


def _give_orders(broker: Broker, work: Work) -> None:
    """Leave them on the broker, where `enter` finds them."""
    for what, value in (("the function", work.func), ("the set-up or the tear-down", (work.setup, work.teardown))):
        problem = explain(what, value)
        if problem is not None:
            raise Refusal(problem)
    orders = Orders(work.session, work.setup, Later(work.func), Later(work.teardown), os.getppid(), machine_identity())
    with broker.connect() as connection:
        connection.set(_key(broker), pack(broker.secret, ORDERS, orders))


def _addresses(workers: Workers) -> tuple[ThreadAddress, ...]:
    unready = next((member for member in workers.members if isinstance(member, Unready)), None)
    if unready is None:
        return workers.members
    told = f"{unready.what} in a worker: {unready.error.message}"
    raise Refusal(told) if unready.what == IMPORT else WorkerDied(told)


# -- in a worker ------------------------------------------------------------------------------------------------------

IMPORT, SET_UP = "the function cannot be imported", "the set-up raised"


def enter(broker: Broker) -> Orders | None:
    """Take the orders, run the set-up and join as a worker, all in this thread; None, which has been told, when that
    fails."""
    doing = IMPORT
    try:
        with broker.connect() as connection:
            orders: Orders = unpack(broker.secret, ORDERS, connection.get(_key(broker)))
        if orders.machine != machine_identity():
            orders = replace(orders, observer_pid=None)
        doing = SET_UP
        me = enter_worker(orders.setup, orders.observer_pid)
        doing = IMPORT
        orders.func.value()
    except BaseException as error:  # whatever the user's code raises, SystemExit too
        join(broker, Unready(doing, describe_error(error)))
        return None
    join(broker, me)
    return orders


def _key(broker: Broker) -> str:
    return f"{broker.prefix}:{ORDERS}"
