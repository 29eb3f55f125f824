"""What decisions need to know of the machine and of the backends, without importing either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gilscope.records import LOOP_KINDS, Executor, Kind, Runner, StartMethod

__all__ = ["HYPERTHREAD_GAIN", "BackendTraits", "HandOver", "Machine", "Shape", "Way", "way_of"]

#: What the second hyperthread of a core adds to the first: up to so much in the measurements of those who made them
#: (Marr et al., Hyper-Threading Technology Architecture and Microarchitecture, Intel Technology Journal 6:1, 2002). It
#: depends on the work: nothing where the first uses the core up, as much again where it waits for memory.
HYPERTHREAD_GAIN = 0.3

#: How the workers of a backend share the interpreter: a loop of calls, threads under one GIL, an interpreter
#: each, or coroutines of one event loop.
Shape = Literal["serial", "thread", "process", "loop"]


class Way(NamedTuple):
    """How calls are run."""

    runner: Runner
    executor: Executor | None


class HandOver(NamedTuple):
    """What one call's argument and result take on their way to a worker and back, beyond what an empty chunk takes."""

    seconds: float
    parent_share: float
    """The part of it that the caller does: it sends arguments and takes results."""


@dataclass(frozen=True)
class Machine:
    """What calls run on: the CPUs, the interpreter, and what its pools cost."""

    cpus: float
    """Usable CPUs; a quota may be a fraction."""
    cores: float | None = None
    """Cores that these CPUs are on: fewer where they are hyperthreads. None where that is unknown."""
    hyperthread_gain: float = HYPERTHREAD_GAIN
    gil_enabled: bool = True
    dispatch_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds to hand one chunk of calls to a worker and take its results back, by backend."""
    pickle_s: float = 0.0
    """Seconds to pickle, send and unpickle one call's argument and result, beyond what an empty chunk takes: that is
    part of its dispatch."""
    pickle_parent_share: float = 0.5
    """The part of it that the parent does: it pickles arguments and unpickles results."""
    hand_overs: Mapping[str, HandOver] = field(default_factory=dict)
    """Of backends that hand over in another way than by pickling through a pipe."""
    samples: int = 0
    """Samples of the solo run, on which the share of the GIL rests."""

    def hand_over(self, backend: str) -> HandOver:
        """To a worker of that backend, which is none of the caller's threads."""
        return self.hand_overs.get(backend, HandOver(self.pickle_s, self.pickle_parent_share))

    @property
    def shares_cores(self) -> bool:
        """Whether some of the CPUs are hyperthreads of the same core."""
        return self.cores is not None and self.cores < self.cpus

    @property
    def capacity(self) -> float:
        """CPU seconds per second when all CPUs are busy, in those of a core that one thread has to itself."""
        cores = self.cpus if self.cores is None else min(self.cores, self.cpus)
        return cores + self.hyperthread_gain * (self.cpus - cores)


def way_of(backend: str, kind: Kind, executor: Executor | None = None) -> Way:
    """How a target of this kind is run by a backend.

    :param executor: its own; without one it is called after the backend
    """
    on_loop = kind in LOOP_KINDS
    if backend in ("serial", "asyncio"):
        offloads = backend == "asyncio" and not on_loop
        return Way("event-loop" if on_loop or offloads else "plain", "thread" if offloads else None)
    return Way("plain", executor or backend)


@dataclass(frozen=True)
class BackendTraits:
    """An executor kind as far as decisions care."""

    name: str
    shares_gil: bool
    """Whether all its workers run under one GIL."""
    start_methods: tuple[StartMethod, ...] = ()
    fixed_workers: int | None = None
    """The worker count of a backend that has no choice."""
    elsewhere: bool = False
    """Whether that one GIL is in another process than the caller's."""
    in_process: bool = False
    """Whether its workers, with a GIL each, are all in the caller's process."""
    simplicity: int = 9
    """Ties go to the lower."""
    empty_chunks: int = 100
    """Chunks without calls that show what it costs to hand one over."""
    executor: Executor | None = None
    """As of `gilscope.backends.base.Backend`."""

    @property
    def pickles(self) -> bool:
        """Whether calls and results are pickled on their way."""
        return self.elsewhere or not self.shares_gil

    def way(self, kind: Kind) -> Way:
        """Who hands out the calls of a target of this kind, and what makes them."""
        return way_of(self.name, kind, self.executor)

    def shape(self, kind: Kind) -> Shape:
        """How a target of this kind is run: asyncio offloads plain functions to threads."""
        if self.name == "serial":
            return "serial"
        if self.name == "asyncio" and kind in LOOP_KINDS:
            return "loop"
        return "thread" if self.shares_gil else "process"
