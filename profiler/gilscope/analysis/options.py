"""What an analysis may do, and the clock that bounds it."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from typing import Literal

from gilscope.errors import UsageError
from gilscope.records import Context, StartMethod, Wanted

__all__ = ["REMOTE", "Budget", "Options", "refuse_where_impossible"]

#: The backends whose workers may be on other hosts.
REMOTE = ("rq-simple",)
#: How much later than the budget an analysis may end: what is running is stopped there.
GRACE = 1.1


@dataclass(frozen=True)
class Options:
    """The settings of an analysis; the defaults are the command line's.

    :raises UsageError: for a number that makes no sense or a name that does not exist
    """

    backends: tuple[str, ...] = ()
    """Beside ``serial``, which is always measured; all that there are when empty."""
    workers: tuple[int, ...] = ()
    """Worker counts to try; planned when empty."""
    max_workers: int | None = None
    """The most workers tried unasked: 64 threads, 16 processes (or the CPUs) and 1,024 coroutines when None."""
    exhaustive: bool = False
    """Whether every worker count of the grid is tried, not only those where the best is expected."""
    chunksize: int | None = None
    start_method: StartMethod | None = None
    cpus: int | None = None
    budget_s: float = 10.0
    """Seconds that the whole analysis may take."""
    max_calls: int | None = None
    """Calls of the target that the whole analysis may make."""
    timeout_s: float = 60.0
    """Seconds that one round may take to finish."""
    seed: int = 0
    context: Context = "sync"
    rate_hz: float = 400.0
    """Sampling moments per second of an observed round."""
    observer: Literal["auto", "psutil"] = "auto"
    hot: bool = True
    """Whether py-spy looks for the hot lines."""
    predict_cpus: tuple[int, ...] = ()
    """CPUs of other machines to predict for."""
    predict_gil: bool = True
    """False to predict for a free-threaded interpreter too."""
    broker: str | None = None
    """The address of the task queues' broker; ``$GILSCOPE_BROKER``, or else one of gilscope's own, when None."""
    allow_remote_broker: bool = False
    """Whether the broker may be on another machine, and hold others' keys."""
    remote_workers: int | None = None
    """Workers of rq-simple on other hosts, which ``gilscope worker`` runs there; None for some of this machine."""
    secret_file: str | None = None
    """Of what these and the analysis sign with; made where there is none."""
    dask: str | None = None
    """The address of a Dask scheduler whose workers are to be used; a cluster of gilscope's own when None."""
    items: float | None = None
    """Calls to be done within ``within_s``, to plan for."""
    within_s: float | None = None
    wanted_per_s: float | None = None
    """Calls per second to plan for, where they come for ever."""
    rtt_s: float = 0.0
    """A network round trip between the machines of a fleet. Task queues are measured with it too."""

    def __post_init__(self) -> None:
        for name, value, least in (
            ("budget", self.budget_s, 0.1),
            ("timeout", self.timeout_s, 0.001),
            ("sampling", self.rate_hz, 1.0),
            ("chunksize", self.chunksize, 1),
            ("cpus", self.cpus, 1),
            ("max-calls", self.max_calls, 1),
            ("max-workers", self.max_workers, 1),
            ("items", self.items, 1),
            ("within", self.within_s, 0.001),
            ("rate", self.wanted_per_s, 1e-6),
            ("rtt", self.rtt_s, 0.0),
            ("remote-workers", self.remote_workers, 1),
            *(("workers", count, 1) for count in self.workers),
            *(("predict-cpus", count, 1) for count in self.predict_cpus),
        ):
            if value is not None and not value >= least:
                raise UsageError(f"{name} {value} makes no sense: it must be at least {least}")
        if self.context not in ("sync", "async"):
            raise UsageError(f"context {self.context!r} is neither 'sync' nor 'async'")
        if self.start_method not in (None, "spawn", "forkserver", "fork"):
            raise UsageError(f"start method {self.start_method!r} is none of spawn, forkserver, fork")
        if (self.items is None) != (self.within_s is None):
            raise UsageError("items and within go together: so many calls within so long")
        if self.items is not None and self.wanted_per_s is not None:
            raise UsageError("items within a time and a rate are two ways to say how much: give one of them")
        if self.remote_workers is not None or self.secret_file is not None:
            self._must_be_a_fleet()
        if self.dask is not None:
            self._must_be_a_scheduler(self.dask)

    def _must_be_a_fleet(self) -> None:
        if self.remote_workers is None or self.secret_file is None:
            raise UsageError("remote-workers and secret-file go together: so many, who sign with what is in there")
        if not self.given_broker:
            raise UsageError("workers on other hosts need a broker that they can reach too: give --broker URL")
        if not set(REMOTE) & set(self.backends):
            raise UsageError(f"workers on other hosts run the backend {', '.join(REMOTE)}: name it with --backends")
        self._must_be_a_real_network()

    def _must_be_a_scheduler(self, address: str) -> None:
        if "://" not in address:
            raise UsageError(f"dask {address!r} is no address of a scheduler: give tcp://HOST:PORT")
        if not {"dask", "dask-threads"} & set(self.backends):
            raise UsageError("a Dask scheduler serves the backends dask and dask-threads: name one with --backends")
        self._must_be_a_real_network()

    def _must_be_a_real_network(self) -> None:
        if self.rtt_s:
            raise UsageError(
                "rtt stands for a network that is not there; workers on other hosts have one: leave it out"
            )

    @property
    def given_broker(self) -> str | None:
        """The address of a broker that is not gilscope's own."""
        from gilscope.queues.brokers.broker import BROKER

        return self.broker or os.environ.get(BROKER)

    @property
    def wanted(self) -> Wanted | None:
        """How much is to be planned for; None where nothing was asked."""
        if self.items is not None and self.within_s is not None:
            return Wanted(per_s=self.items / self.within_s, items=self.items, within_s=self.within_s)
        return None if self.wanted_per_s is None else Wanted(per_s=self.wanted_per_s)

    @property
    def environment(self) -> dict[str, str]:
        """What the processes of trials are told by environment variables."""
        from gilscope.queues.brokers.broker import ALLOW_REMOTE, BROKER
        from gilscope.queues.remote.sides import SECRET_FILE

        given = {BROKER: self.broker} if self.broker else {}
        given |= {"GILSCOPE_DASK": self.dask} if self.dask else {}
        given |= {SECRET_FILE: os.path.abspath(self.secret_file)} if self.secret_file else {}
        return given | ({ALLOW_REMOTE: "1"} if self.allow_remote_broker else {})


@dataclass
class Budget:
    """The seconds and the calls that are left."""

    total_s: float
    max_calls: int | None = None
    _began: float = field(default_factory=time.monotonic)
    _calls: int = 0

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    @property
    def remaining_s(self) -> float:
        return self.total_s - self.elapsed_s

    @property
    def is_over(self) -> bool:
        """Whether the grace is used up too."""
        return self.elapsed_s >= GRACE * self.total_s

    def deadline(self, seconds: float) -> float:
        """``seconds`` from now on the monotonic clock, but not past the budget and its grace."""
        return min(time.monotonic() + seconds, self._began + GRACE * self.total_s)

    @property
    def calls_left(self) -> int:
        return 10**9 if self.max_calls is None else self.max_calls - self._calls

    def spend(self, calls: int) -> None:
        """Calls that were made."""
        self._calls += calls


def inside_a_trial() -> bool:
    """Whether this process is a trial's, or was started by one."""
    from gilscope.measure.tree import MARK

    return MARK in os.environ


def refuse_where_impossible() -> None:
    """Nothing can be measured by code that an analysis runs, nor on Windows.

    :raises UsageError: when that is so
    """
    if inside_a_trial():
        raise UsageError(
            "an analysis was started by code that an analysis runs: put the call of gilscope under "
            'if __name__ == "__main__":'
        )
    if sys.platform == "win32":
        raise UsageError("measuring on Windows is not possible yet: saved results can be drawn there, no more")
