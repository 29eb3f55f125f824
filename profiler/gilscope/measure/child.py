"""The process of one trial: ``python -m gilscope.measure COMMANDS REPLIES``, the numbers of two descriptors.

Over these, which nothing else knows, commands come in and replies go out. Standard input is empty, and whatever is
printed, from the interpreter's first moment on, goes to the parent through standard output and error.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from time import perf_counter
from typing import Any, BinaryIO

import msgspec

from gilscope import backends, targets
from gilscope.backends.base import Configuration, Keyed, OpenPool, Refusal, Work, WorkerDied
from gilscope.backends.imports import timed_imports
from gilscope.backends.worker import (
    adopt_orphans,
    current_worker,
    end_if_copied,
    enter_worker,
    permit_observer,
    run_chunk,
)
from gilscope.crashes import tell_crashes
from gilscope.digest import digest
from gilscope.errors import GilscopeError, InputsError, TargetFailedError
from gilscope.introspection import gil_enabled
from gilscope.measure import messages as m
from gilscope.measure.copies import in_a_copy
from gilscope.measure.gil_switch import GilSwitch
from gilscope.measure.handing_over import handed_over
from gilscope.measure.imports import costliest
from gilscope.measure.native import native_pools
from gilscope.measure.pickling import bounded_recursion, crossing, is_plain, leaves_traces
from gilscope.measure.summary import Summary
from gilscope.observers.proc import memory
from gilscope.units import counted
from gilscope.unpicklable import explain

__all__ = ["main"]

LOST = "the connection to gilscope is lost"


#: Characters of an input that are told.
MOST_NAMED = 80
#: Inputs of which it is asked whether they are plain data.
LOOKED_AT = 20


class Channel:
    """The parent's end of the conversation, in this process."""

    def __init__(self, commands: BinaryIO, replies: BinaryIO) -> None:
        self._commands = commands
        self._replies = replies
        self._decoder = msgspec.json.Decoder(m.Command)

    @classmethod
    def of_arguments(cls) -> Channel:
        """The one whose descriptors the command line names; the target sees a command line without."""
        commands, replies = map(int, sys.argv[1:])
        del sys.argv[1:]
        try:
            os.set_inheritable(commands, False)
            os.set_inheritable(replies, False)
            return cls(os.fdopen(commands, "rb"), os.fdopen(replies, "wb", buffering=0))
        except OSError as error:
            sys.exit(f"{LOST} ({error.strerror}): does a sitecustomize close all descriptors?")

    def __iter__(self) -> Iterator[m.Command]:
        for line in self._commands:
            yield self._decoder.decode(line)

    def say(self, reply: m.Reply) -> None:
        try:
            self._replies.write(msgspec.json.encode(reply) + b"\n")
        except OSError as error:
            sys.exit(f"{LOST} ({error.strerror}): did the target close all descriptors?")


class Trial:
    """What this process holds between commands: the target, and the open pool."""

    def __init__(self) -> None:
        self._exit = ExitStack()
        self._target: targets.LoadedTarget | None = None
        self._items: list[Any] = []
        self._seed = 0
        self._work: Work | None = None
        self._pool: OpenPool | None = None
        self._workers = 1
        self._gil_switch = GilSwitch()

    def answer(self, command: m.Command) -> m.Reply:
        match command:
            case m.FindGil():
                return _find_gil()
            case m.Load():
                return self._load(command)
            case m.FindDecorated():
                return m.DecoratedFound(found=targets.decorated_in(command.place))
            case m.Open():
                return self._open(command)
            case m.Round():
                return self._round(command)
            case m.Pickle():
                return self._pickle()
            case m.Name():
                return m.Named(text=_named(self._items[command.number]))
            case m.Pools():
                return m.PoolsFound(pools=native_pools())
            case m.Close():
                self._exit.close()
                return m.Closed()

    def _load(self, command: m.Load) -> m.Reply:
        with timed_imports() as imports:
            target = targets.load(command.target)
        if target.session is not None:
            target.session.define()
        if target.is_set_up and target.teardown is not None:
            self._exit.callback(target.teardown)
        self._target, self._seed = target, command.seed
        return msgspec.structs.replace(target.about, imports=costliest(imports))

    def _open(self, command: m.Open) -> m.Reply:
        target, order = self._loaded, self._order_of_inputs(command.order)
        self._items = [target.items[position] for position in order]
        self._work = Work(
            func=target.func,
            kind=target.about.kind,
            kwargs=target.kwargs,
            star=target.about.star,
            bare=target.about.bare,
            setup=target.setup,
            teardown=target.teardown,
            session=target.session,
        )
        self._workers = command.workers
        backend = backends.get(command.backend)
        if target.is_set_up and backend.shares_gil and not backend.elsewhere:  # its workers are in this process
            self._work = replace(self._work, setup=None, teardown=None)
        if backend.start_methods:
            _keep_together(os.environ[m.MARK])
        configuration = Configuration(command.backend, command.workers, 1, command.start_method)
        before, began = memory(os.getpid()) if backend.in_process else None, perf_counter()
        pool = self._pool = self._exit.enter_context(backend.open(self._work, configuration))
        startup_s = perf_counter() - began
        after = memory(os.getpid()) if before else None
        grown = max(after.pss_bytes - before.pss_bytes, 0) // command.workers if before and after else None
        return m.Ready(
            workers=pool.workers,
            startup_s=startup_s,
            memory_per_worker_bytes=grown,
            threads_before_fork=pool.threads_before_fork,
            order=order,
            gil_enabled=gil_enabled(),
            gil_enabled_by=self._gil_switch.module,
        )

    def _order_of_inputs(self, told: tuple[int, ...]) -> tuple[int, ...]:
        """That of the solo run, so that an input has the same number in all trials, or one that is made here.

        :raises InputsError: when there are fewer inputs here than there were there
        """
        items = self._loaded.items
        if told and len(items) < len(told):
            label = self._loaded.about.target.inputs
            raise InputsError(f"{label} made {counted(len(told), 'input')} in one process, and {len(items)} in another")
        return told or tuple(targets.order_of(items, self._seed))

    def _round(self, command: m.Round) -> m.Reply:
        """A round; once more, where the first calls turned out to give what is to be awaited or drained."""
        done, kind = self._run_round(command), current_worker().given.kind
        if self._work is None or self._pool is None or kind == "sync" or self._work.kind != "sync":
            return done
        self._work = replace(self._work, kind=kind)
        self._pool.work = replace(self._pool.work, kind=kind)
        return msgspec.structs.replace(self._run_round(command), kind=kind)

    def _run_round(self, command: m.Round) -> m.RoundDone:
        pool = self._pool
        assert pool is not None, "Round before Open"
        pool.work = replace(pool.work, timed=command.timed, cpu_timed=command.cpu_costs)
        chunks = self._chunks(command)
        summary = Summary()
        began = perf_counter()
        for part in [[chunk] for chunk in chunks] if command.in_turn else [chunks]:
            pool.run(part, summary.add)
        wall_s = perf_counter() - began
        order = self._order(command) if command.costs else None
        done = summary.done(wall_s, pool.loop_lags_ns, order, pool.default_pool_threads, self._workers, command.alone_s)
        by = self._gil_switch.module
        return msgspec.structs.replace(done, queue=pool.queue, gil_enabled=gil_enabled(), gil_enabled_by=by)

    def _order(self, command: m.Round) -> list[int]:
        return [(command.first + number) % command.inputs for number in range(command.calls)]

    def _chunks(self, command: m.Round) -> list[list[Any]]:
        calls = [self._items[index] for index in self._order(command)]
        if command.digests:
            return self._keyed(calls)
        chunks = [calls[at : at + command.chunksize] for at in range(0, len(calls), command.chunksize)]
        return chunks + [[]] * command.empty_chunks

    def _keyed(self, calls: list[Any]) -> list[list[Any]]:
        """A chunk for each call. Inputs go by their own digests, for every process makes them anew and they may be
        others there, or in another order; those that have none are left out."""
        return [Keyed([item], key) for item in calls if (key := digest(item)) is not None]

    def _pickle(self) -> m.Reply:
        """One call, its argument and result pickled as a process pool would. Done in the serial trial, so that the
        cost is known before a process pool is tried."""
        assert self._work is not None, "Pickle before Open"
        chunk = self._items[:1]
        _, results = run_chunk(self._work, chunk, 0)
        with bounded_recursion():
            return self._pickled_apart(chunk, results) or self._pickled(chunk, results)

    def _pickled_apart(self, chunk: list[Any], results: list[Any]) -> m.Pickled | None:
        """In a copy of this process, whose calls are to be timed as they are in a program that pickles nothing."""
        if not leaves_traces([*chunk, *results]):
            return None
        told = in_a_copy(lambda: msgspec.json.encode(self._pickled(chunk, results)))
        found = msgspec.json.decode(told, type=m.Pickled) if told else None
        return found if found and found.problem is None else None  # a device may be in the way of a copy alone

    def _pickled(self, chunk: list[Any], results: list[Any]) -> m.Pickled:
        assert self._work is not None
        for what, value in (
            ("the function", self._work.func),
            *(("an argument", item) for item in chunk),
            ("an argument", self._work.kwargs),
            *(("a result", result) for result in results),
        ):
            try:
                pickle.loads(pickle.dumps(value))  # noqa: S301  written this moment
            except Exception as error:
                problem = explain(what, value) or f"{what} cannot be unpickled: {error}"
                return m.Pickled(problem=problem)
        try:
            isolated = handed_over(chunk, results)
            plain = self._are_plain(results)
            return msgspec.structs.replace(crossing(chunk, results), plain=plain, between_interpreters=isolated)
        except OSError:  # no thread or no pipe to be had: what it costs stays unknown
            return m.Pickled()

    def _are_plain(self, results: list[Any]) -> bool:
        """Whether arguments and results could travel as JSON; of what is drained only the user knows."""
        assert self._work is not None
        work, items = self._work, self._items[:LOOKED_AT]
        arguments = [part for item in items for part in (item if work.star else [item])] if not work.bare else []
        return work.kind in ("sync", "coroutine") and all(map(is_plain, [*arguments, *results]))

    @property
    def _loaded(self) -> targets.LoadedTarget:
        assert self._target is not None, "Open before Load"
        return self._target


def _named(item: Any) -> str:
    try:
        text = repr(item)
    except Exception as error:  # it is the user's
        text = f"<{type(item).__name__} whose repr raised {type(error).__name__}>"
    return text if len(text) <= MOST_NAMED else f"{text[:MOST_NAMED]}…"


def _find_gil() -> m.Reply:
    from gilscope.observers.calibration import NotWatchableError, own_layout

    try:
        found = own_layout()
        return m.GilFound(offset=found.offset, pointer=found.pointer, libc=found.libc)
    except NotWatchableError as error:
        return m.GilFound(reason=str(error))


def _keep_together(folder: str) -> None:
    """Let multiprocessing put its files into the trial's own folder, which is removed with it; else those of processes
    that are killed stay."""
    from multiprocessing.process import current_process

    current_process()._config["tempdir"] = folder  # type: ignore[attr-defined]  # its children inherit it


def _failed(error: Exception) -> m.Failed:
    if isinstance(error, TargetFailedError):
        return m.Failed(sort="raised", error=type(error).__name__, message=str(error), traceback=error.traceback)
    if isinstance(error, GilscopeError):
        return m.Failed(sort="usage", error=type(error).__name__, message=str(error))
    sort = "refused" if isinstance(error, Refusal) else "died"
    return m.Failed(sort=sort, error=type(error).__name__, message=str(error))


def _raised(error: BaseException, command: m.Command) -> m.Failed:
    """The user's set-up or tear-down, called by a backend, raised; or, on importing, what nobody thought of did."""
    from gilscope.backends.calling import describe_error

    told = describe_error(error)
    doing = "importing" if isinstance(command, m.Load | m.FindDecorated) else "set-up or tear-down"
    message = f"{doing} raised {told.type}: {told.message}"
    return m.Failed(sort="raised", error=told.type, message=message, traceback=told.traceback)


def _flush() -> None:
    """Send what was printed on its way: this process may be killed before it would be."""
    with suppress(Exception):  # the target may have closed or replaced the stream
        sys.stdout.flush()


def main() -> None:
    """Answer commands until the parent closes the conversation."""
    channel = Channel.of_arguments()
    tell_crashes()
    permit_observer(os.getppid())
    adopt_orphans()
    me = enter_worker()
    channel.say(m.Hello(pid=me.pid, runtime=me.runtime, thread_state=me.thread_state, gil_enabled=gil_enabled()))
    trial = Trial()
    for command in channel:
        reply: m.Reply
        try:
            reply = trial.answer(command)
        except (GilscopeError, Refusal, WorkerDied) as error:
            reply = _failed(error)
        except BaseException as error:
            reply = _raised(error, command)
        end_if_copied()
        _flush()
        channel.say(reply)
        if isinstance(command, m.Close):
            return
