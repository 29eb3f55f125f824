"""What the workers of every task queue do alike: they take their orders, and say that they are ready."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gilscope.backends.base import CallError, Refusal, Work, WorkerDied
from gilscope.backends.unpicklable import explain
from gilscope.backends.worker import describe_error, enter_worker
from gilscope.queues.brokers.broker import Broker
from gilscope.queues.brokers.signed import pack, unpack
from gilscope.queues.remote.sides import place
from gilscope.queues.workers.fleet import Fleet, join
from gilscope.thread_address import ThreadAddress

__all__ = ["Orders", "enter", "give_orders", "workers_of"]


@dataclass(frozen=True)
class Orders:
    """What a worker process does before its first task and after its last."""

    session: Any
    """Has done its work when it is unpickled, which is before what stands behind it."""
    func: Callable[..., Any]
    """The target: its module is imported once, and not in each task."""
    setup: Callable[[], Any] | None
    teardown: Callable[[], Any] | None
    observer_pid: int | None
    """None where it is on another machine, or sees other process ids."""
    place: str | None = None
    """Where it is (`gilscope.queues.remote.sides.place`)."""


@dataclass(frozen=True)
class Unready:
    """Why a worker cannot work."""

    what: str
    error: CallError


# -- in the trial's process -------------------------------------------------------------------------------------------


def give_orders(broker: Broker, work: Work) -> None:
    """Leave the orders on the broker, where `enter` finds them.

    :raises Refusal: when they cannot be pickled
    """
    for what, value in (("the function", work.func), ("the set-up or the tear-down", (work.setup, work.teardown))):
        problem = explain(what, value)
        if problem is not None:
            raise Refusal(problem)
    orders = Orders(work.session, work.func, work.setup, work.teardown, os.getppid(), place())
    with broker.connect() as connection:
        connection.set(_key(broker), pack(broker.secret, orders))


def workers_of(fleet: Fleet) -> tuple[ThreadAddress, ...]:
    """Who the workers are that joined.

    :raises Refusal: when the target cannot be imported in one
    :raises WorkerDied: when its set-up raised
    """
    unready = next((member for member in fleet.members if isinstance(member, Unready)), None)
    if unready is None:
        return fleet.members
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
            orders: Orders = unpack(broker.secret, connection.get(_key(broker)))
        if orders.place != place():
            orders = replace(orders, observer_pid=None)
        doing = SET_UP
        me = enter_worker(orders.setup, orders.observer_pid)
    except BaseException as error:  # whatever the user's code raises, SystemExit too
        join(broker, Unready(doing, describe_error(error)))
        return None
    join(broker, me)
    return orders


def _key(broker: Broker) -> str:
    return f"{broker.prefix}:orders"
