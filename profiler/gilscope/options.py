"""What an analysis may do: the settings, each with its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gilscope.errors import UsageError
from gilscope.records import Context, StartMethod, Wanted

__all__ = ["Options"]


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

    @property
    def wanted(self) -> Wanted | None:
        """How much is to be planned for; None where nothing was asked."""
        if self.items is not None and self.within_s is not None:
            return Wanted(per_s=self.items / self.within_s, items=self.items, within_s=self.within_s)
        return None if self.wanted_per_s is None else Wanted(per_s=self.wanted_per_s)
