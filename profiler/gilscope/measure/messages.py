"""What a trial's process and its parent say to each other: one JSON object a line, each with its name in ``type``."""

from __future__ import annotations

from typing import Literal

import msgspec

from gilscope.backends.base import CallError, FirstCall
from gilscope.measure.pickling import Pickled as Pickled
from gilscope.records import Kind, NativePool, QueueFigures, StartMethod
from gilscope.targets import Decorated, TargetSpec
from gilscope.targets import Loaded as Loaded
from gilscope.thread_address import ThreadAddress

#: The environment variable that every process of a trial inherits: the trial's own folder for temporary files, which is
#: the token by which they are known.
MARK = "GILSCOPE_TRIAL"


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The base of all."""


class FindGil(Message, frozen=True, kw_only=True):
    """Look where this interpreter keeps its GIL. Answered by `GilFound`."""


class Load(Message, frozen=True, kw_only=True):
    """Import the target and make its inputs. Answered by `Loaded`."""

    target: TargetSpec
    seed: int


class FindDecorated(Message, frozen=True, kw_only=True):
    """Import a module, and look for what is decorated there. Answered by `DecoratedFound`."""

    place: TargetSpec
    """What it names is the module."""


class Open(Message, frozen=True, kw_only=True):
    """Open the pool. Answered by `Ready`."""

    backend: str
    workers: int
    start_method: StartMethod | None
    order: tuple[int, ...] = ()
    """The positions of the inputs, in the order in which calls take them; empty where this process is to say."""


class Round(Message, frozen=True, kw_only=True):
    """Run ``calls`` calls, starting with input number ``first`` and going round the first ``inputs`` inputs. Answered
    by `RoundDone`."""

    first: int
    calls: int
    inputs: int
    chunksize: int
    empty_chunks: int = 0
    """Chunks without a call to run as well: what they take is dispatch alone."""
    alone_s: float | None = None
    """Mean seconds of these calls alone, where it is known."""
    timed: bool = True
    """Whether each call is timed, or only each chunk (for calls shorter than reading the clock)."""
    costs: bool = False
    """Whether to tell the mean cost of each input."""
    cpu_costs: bool = False
    """Whether to tell its mean CPU time too."""
    digests: bool = False
    """Whether to tell the digests of the results; then each call is a chunk of its own."""
    in_turn: bool = False
    """Whether each chunk waits for the end of the one before it."""


class Pickle(Message, frozen=True, kw_only=True):
    """Make one call and pickle its argument and result there and back. Answered by `Pickled`."""


class Name(Message, frozen=True, kw_only=True):
    """Say what the input of this number is. Answered by `Named`."""

    number: int


class Pools(Message, frozen=True, kw_only=True):
    """Look for libraries with threads of their own. Answered by `PoolsFound`."""


class Close(Message, frozen=True, kw_only=True):
    """Close the pool and end. Answered by `Closed`."""


class Hello(Message, frozen=True, kw_only=True):
    """The process is up."""

    pid: int
    runtime: int
    thread_state: int
    gil_enabled: bool
    """Before anything of the user's was imported."""


class GilFound(Message, frozen=True, kw_only=True):
    """Where it is (`gilscope.observers.gil.GilLayout`), or the reason why that is not known."""

    offset: int | None = None
    pointer: int | None = None
    libc: Literal["glibc", "musl"] | None = None
    reason: str | None = None


class DecoratedFound(Message, frozen=True, kw_only=True):
    """What is decorated there."""

    found: Decorated


class Ready(Message, frozen=True, kw_only=True):
    """Every worker is started."""

    workers: tuple[ThreadAddress, ...]
    startup_s: float
    memory_per_worker_bytes: int | None = None
    """By which the process grew for each, where the workers are interpreters of it."""
    threads_before_fork: int | None = None
    order: tuple[int, ...] = ()
    """As calls take the inputs."""
    gil_enabled: bool = True
    """Of the interpreter, now that the target is imported: a module may have enabled it."""
    gil_enabled_by: str | None = None
    """Which, where that is known."""


class RoundDone(Message, frozen=True, kw_only=True):
    """What a round showed."""

    calls: int
    errors: int
    wall_s: float
    steady_s: float | None = None
    """Seconds with every worker at work throughout (`gilscope.measure.steady`)."""
    latency_p50_s: float | None
    latency_p99_s: float | None
    queue_wait_p50_s: float | None
    loop_lag_p50_s: float | None
    loop_lag_p99_s: float | None
    loop_lag_max_s: float | None
    error: CallError | None
    """The first of the round."""
    costs_s: dict[int, float]
    """Mean seconds by input number, where asked and timed."""
    latencies: dict[int, int] = msgspec.field(default_factory=dict)
    """Calls by the bin of their latency (`gilscope.measure.histogram`), where they were timed."""
    cpu_costs_s: dict[int, float] = msgspec.field(default_factory=dict)
    """Mean CPU seconds by input number, where asked."""
    first_calls: tuple[FirstCall, ...] = ()
    """Of the workers that made their first in this round."""
    digests: dict[str, list[str]] = msgspec.field(default_factory=dict)
    """Of the results, by the digest of the input, where asked: of plain data alone (`gilscope.digest`)."""
    default_pool_threads: int | None = None
    kind: Kind | None = None
    """What calls turned out to give, and what was done with it, where the function had not said so."""
    queue: QueueFigures | None = None
    """Of the trial so far."""
    gil_enabled: bool = True
    """Of the interpreter, now that the calls have imported what they import."""
    gil_enabled_by: str | None = None


class Named(Message, frozen=True, kw_only=True):
    """An input as text, bounded."""

    text: str


class PoolsFound(Message, frozen=True, kw_only=True):
    """The libraries."""

    pools: tuple[NativePool, ...]


class Closed(Message, frozen=True, kw_only=True):
    """The pool is closed; the process ends now."""


class Failed(Message, frozen=True, kw_only=True):
    """The command could not be done.

    ``sort`` is ``usage`` (the target or inputs are not as asked), ``raised`` (the user's code did), ``refused`` (this
    backend cannot run this target) or ``died`` (a worker is gone).
    """

    sort: str
    error: str
    """The class of the error."""
    message: str
    traceback: str = ""


Command = FindGil | Load | FindDecorated | Open | Round | Pickle | Name | Pools | Close
Reply = Hello | GilFound | Loaded | DecoratedFound | Ready | RoundDone | Pickled | Named | PoolsFound | Closed | Failed
