"""What runs inside an interpreter of its own: making its worker known, and running one chunk of calls.

Each call from outside has a thread state of its own there, so that nothing that is thread-local survives it: the worker
is kept by this module. Nothing of gilscope that is imported there may need an extension module that refuses to be
imported twice, as msgspec's does.
"""

from __future__ import annotations

import atexit
import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from gilscope.backends.base import ChunkReport, Keyed, Work
from gilscope.backends.calling import describe_error
from gilscope.backends.refused_imports import is_import_refusal, noting_imports, why_refused
from gilscope.backends.worker import adopt, current_worker, enter_worker, run_chunk, run_chunk_here
from gilscope.introspection import interpreter_state

if TYPE_CHECKING:
    from gilscope.backends.worker import Worker
    from gilscope.records import Kind

__all__ = ["Entered", "Sent", "Settings", "enter", "run_here"]

_worker: Worker | None = None


class Settings(NamedTuple):
    """How calls are made, in parts that interpreters share: see `gilscope.backends.base.Work`."""

    kind: Kind
    star: bool
    bare: bool
    timed: bool
    cpu_timed: bool


class Entered(NamedTuple):
    """How a worker is ready, or why it is not; in parts that interpreters share."""

    status: Literal["ready", "refused", "died"]
    reason: str
    address: tuple[int, ...]
    """The fields of its `gilscope.thread_address.ThreadAddress`, in their order."""


class Sent(NamedTuple):
    """What a worker needs before its first call, each pickled, for each imports what it needs."""

    session: bytes
    """What is to be defined before anything else."""
    setup: bytes
    teardown: bytes
    func: bytes | None
    """What will be called; None where it crosses by its code."""


def enter(paths: tuple[str, ...], arrived: int, gate: int, sent: tuple[Any, ...]) -> tuple[Any, ...]:
    """Make this interpreter's worker ready, wait for the others, and give an `Entered`.

    :param paths: where modules are looked for, as in the interpreter that calls
    :param arrived: the descriptor of a pipe to write a byte to when everything is ready
    :param gate: that of one to read a byte from then
    :param sent: a `Sent`
    """
    global _worker
    sys.path[:] = paths
    status, reason = _prepare(Sent(*sent))
    known = enter_worker()
    _worker = current_worker()
    atexit.register(_worker.close)
    os.write(arrived, b".")
    os.read(gate, 1)
    place = (known.pid, known.tid, known.thread_state, known.runtime, known.busy)
    return tuple(Entered(status, reason, (*place, interpreter_state())))


def _prepare(sent: Sent) -> tuple[Literal["ready", "refused", "died"], str]:
    """The set-up, and the probe: whether what the function needs can be imported here."""
    with noting_imports() as noted:
        try:
            pickle.loads(sent.session)  # noqa: S301  pickled by who started this interpreter, as is all of it
            setup = pickle.loads(sent.setup)  # noqa: S301
            if setup is not None:
                _set_up(setup)
            teardown = pickle.loads(sent.teardown)  # noqa: S301
            if teardown is not None:
                atexit.register(teardown)
            if sent.func is not None:
                pickle.loads(sent.func)  # noqa: S301
        except _SetUpError as error:
            return "died", str(error)
        except BaseException as error:
            return "refused", why_refused(error, noted.innermost(error))
    return "ready", ""


class _SetUpError(Exception):
    """What the user's set-up raised, in words."""


def _set_up(setup: Callable[[], Any]) -> None:
    try:
        setup()
    except BaseException as error:
        if is_import_refusal(error):
            raise
        told = describe_error(error)
        raise _SetUpError(f"its set-up raised {told.type}: {told.message}") from None


def run_here(
    settings: tuple[Any, ...],
    func: Callable[..., Any],
    kwargs: dict[str, Any],
    key: str | None,
    submitted_ns: int,
    items: tuple[Any, ...],
) -> tuple[ChunkReport, tuple[Any, ...], str | None]:
    """Run the calls of a chunk one after the other in this interpreter; what became of them, the results, which cross
    as a user's do, and which import was refused, where calls raised for that.

    :param key: of a `Keyed` chunk
    """
    assert _worker is not None, "run before enter"
    adopt(_worker)
    given = Settings(*settings)
    work = Work(func, given.kind, kwargs, given.star, given.bare, given.timed, given.cpu_timed)
    if _worker.called or not items:
        return *_run(work, key, items, submitted_ns), None
    with noting_imports() as noted:  # in the first calls, for a function may import what it needs only then
        report, results = _run(work, key, items, submitted_ns)
    error = report.error
    return report, results, noted.refused_for(error.type, error.traceback) if error else None


def _run(work: Work, key: str | None, items: tuple[Any, ...], submitted_ns: int) -> tuple[ChunkReport, tuple[Any, ...]]:
    if key is not None:
        return run_chunk_here(work, Keyed(items, key), submitted_ns), ()
    report, results = run_chunk(work, items, submitted_ns)
    if report.first is not None:  # the process's sockets are those of all its interpreters
        report = replace(report, first=replace(report.first, connections=None))
    return report, tuple(results)
