"""The contract of an executor backend.

A backend is opened inside a trial's process, makes its workers ready, runs lists of calls and reports when each chunk
started and ended. It knows nothing of measuring: who watches, watches from outside.

A third party's backend is a subclass of `Backend`, named in the entry-point group ``gilscope.backends``.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from gilscope.backends.first_calls import FirstCall
from gilscope.configuration import Configuration
from gilscope.thread_address import ThreadAddress

if TYPE_CHECKING:  # workers import this module, and the record takes longer to import than they do to start
    from gilscope.records import Executor, Kind, QueueFigures, StartMethod

__all__ = [
    "Backend",
    "CallError",
    "Calls",
    "ChunkReport",
    "Configuration",
    "FirstCall",
    "Keyed",
    "OpenPool",
    "Refusal",
    "Work",
]


@dataclass(frozen=True)
class Work:
    """What is run. Whatever crosses a process boundary is pickled as a user's own program would pickle it."""

    func: Callable[..., Any]
    kind: Kind = "sync"
    kwargs: dict[str, Any] = field(default_factory=dict)
    star: bool = False
    """Whether an input is a tuple of positional arguments, or the one argument."""
    bare: bool = False
    """Whether the function takes no input at all (kwargs only)."""
    timed: bool = True
    """Whether each call is timed, or only each chunk (for calls shorter than the clock's cost)."""
    cpu_timed: bool = False
    """Whether each timed call's CPU time in its thread is taken too."""
    setup: Callable[[], Any] | None = None
    teardown: Callable[[], Any] | None = None
    session: Any = None
    """What a worker process must unpickle first, so that it finds by name what no module defines; None where there is
    no such thing."""

    @property
    def awaited(self) -> bool:
        """Whether its calls are made on an event loop."""
        return self.kind in ("coroutine", "async-generator")

    def stripped(self) -> Work:
        """What goes with each task of a queue: no more than a call needs."""
        return replace(self, setup=None, teardown=None, session=None)


@dataclass(frozen=True)
class CallError:
    """The first exception of a chunk, as text: exceptions themselves may not survive pickling."""

    type: str
    message: str
    traceback: str


@dataclass(frozen=True)
class ChunkReport:
    """What became of one chunk of calls. Times are `time.perf_counter_ns` readings, one clock for all processes."""

    submitted_ns: int
    started_ns: int
    ended_ns: int
    calls: int
    errors: int
    latencies_ns: tuple[int, ...] = ()
    """Of each call, in order; empty when only the chunk was timed."""
    error: CallError | None = None
    digest: tuple[str, str] | None = None
    """The key of a `Keyed` chunk, and the digest of its call's result (`gilscope.digest`); None where there is
    no result, or no digest of it."""
    cpu_ns: tuple[int, ...] = ()
    """CPU time of each call in its thread, in order; empty where that was not taken."""
    first: FirstCall | None = None
    """Of a worker's first call, which began this chunk; None for every other chunk."""
    one_clock: bool = True
    """False where it ran on another machine than the caller, whose clock ``submitted_ns`` is of."""


#: One chunk: the inputs of its calls.
Calls = Sequence[Any]


class Keyed(list[Any]):
    """A chunk of one call whose report shall tell the digest of the result, under the input's ``key``."""

    def __init__(self, inputs: Iterable[Any] = (), key: str = "") -> None:
        super().__init__(inputs)
        self.key = key


class Refusal(Exception):  # noqa: N818  a verdict about a backend and a target, not a failure of either
    """Why this backend cannot run this target: the message names what is in the way."""


class OpenPool(abc.ABC):
    """An open pool whose workers are all started, warmed and known."""

    work: Work
    """What `run` calls; the trial changes how it is timed between runs."""
    workers: tuple[ThreadAddress, ...] = ()
    loop_lags_ns: Sequence[int] = ()
    """How late the event loop's heartbeat was in the last run; empty for backends without a loop."""
    default_pool_threads: int | None = None
    """Threads of the default executor of the loop that runs the calls, after the last run; None where they use none."""
    threads_before_fork: int | None = None
    """Threads beside the main one that ran in this process when it forked its workers; None where it forked none."""
    queue: QueueFigures | None = None
    """What the task queue took so far (`gilscope.queues.meter`); None for backends that are none."""

    @abc.abstractmethod
    def run(self, chunks: Sequence[Calls], report: Callable[[ChunkReport], None]) -> None:
        """Run every chunk, calling ``report`` once for each (from any thread, one at a time), and return when all
        are done.

        :raises Refusal: when arguments or results cannot cross the backend's boundary
        :raises WorkerDied: when a worker is gone
        """


class WorkerDied(Exception):  # noqa: N818
    """A worker process ended in the middle of its work; the message tells how."""


_TRAITS = (
    "executor",
    "simplicity",
    "shares_gil",
    "elsewhere",
    "in_process",
    "start_methods",
    "empty_chunks",
    "fixed_workers",
)


class Backend(abc.ABC):
    """An executor kind."""

    name: ClassVar[str]
    executor: ClassVar[Executor | None]
    """What makes the calls: ``thread``, ``process``, ``interpreter``, ``queue``; None where it is the caller's own
    thread. Of third parties' that do not say, their name."""
    simplicity: ClassVar[int]
    """Ties go to the lower: serial 0, asyncio for coroutine functions 1, thread 2, process 3, third parties above."""
    shares_gil: ClassVar[bool]
    """Whether all its workers run under one GIL."""
    elsewhere: ClassVar[bool] = False
    """Whether that GIL is another process's than the caller's, so that calls are pickled to get there."""
    in_process: ClassVar[bool] = False
    """Whether its workers, with a GIL each, are all in the caller's process."""
    start_methods: ClassVar[tuple[StartMethod, ...]] = ()
    empty_chunks: ClassVar[int] = 100
    """Chunks without calls that show what it costs to hand one over: fewer where each takes milliseconds."""
    fixed_workers: ClassVar[int | None] = None
    """The worker count of a backend that has no choice."""

    @classmethod
    def traits(cls) -> dict[str, Any]:
        """All of these but its name, by name: plain data, so that another process can be told."""
        return {"executor": cls.name, **{name: getattr(cls, name) for name in _TRAITS if hasattr(cls, name)}}

    @abc.abstractmethod
    def open(self, work: Work, configuration: Configuration) -> AbstractContextManager[OpenPool]:
        """Start the pool and make every worker ready; leaving the context ends every one of them.

        :raises Refusal: when the target cannot run on this backend
        :raises WorkerDied: when a worker ends while starting
        """
