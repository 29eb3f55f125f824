"""One configuration as it was measured."""

from __future__ import annotations

from typing import Final, Literal

from gilscope.records.base import Record
from gilscope.records.circumstances import ImportCost
from gilscope.records.ledgers import Ledger
from gilscope.records.plans import QueueFigures
from gilscope.records.traces import Histogram, Timeline
from gilscope.records.verdicts import Executor, Runner, StartMethod

__all__ = ["ENOUGH_FOR_P50", "ENOUGH_FOR_P99", "ColdCost", "HandedOver", "Repeats", "Round", "Status", "Trial"]

HandedOver = Literal["shared", "pickled", "mixed"]
Status = Literal["ok", "failed", "refused", "timeout"]

#: Of fewer calls the 99th percentile is the longest of them, whatever that was.
ENOUGH_FOR_P99: Final = 100
#: So that the smallest and the largest of them hold the median in fifteen of sixteen cases (1 − 2 ÷ 2⁵).
ENOUGH_FOR_P50: Final = 5


class Round(Record, frozen=True, kw_only=True):
    """One timed run of a list of calls under one configuration."""

    index: int
    observed: bool
    """Whether the sampler ran; throughput is taken from the rounds in which it did not."""
    calls: int
    errors: int
    wall_s: float
    work_s: float | None
    """Solo seconds of the calls made, so that rounds over different inputs can be compared; None if unknown."""
    steady_s: float | None = None
    """Seconds that the calls would have taken with every worker at work throughout, by the part of the round in which
    they were; throughput is taken from it. None for one worker, and where a round has no such part."""
    process: int = 0
    """Which of the processes started for this configuration it ran in: contenders are measured in fresh ones too."""
    latency_p50_s: float | None = None
    latency_p99_s: float | None = None
    queue_wait_p50_s: float | None = None
    """From submitting a chunk of calls to its start."""
    loop_lag_p50_s: float | None = None
    loop_lag_p99_s: float | None = None
    loop_lag_max_s: float | None = None
    cold: bool = False
    """Whether its workers were not warm yet, as later rounds showed (imports, connections, caches): nothing is judged
    by it."""

    @property
    def paced_s(self) -> float:
        """What the calls are divided by for throughput: the steady seconds, or the wall clock where there are none."""
        return self.steady_s or self.wall_s


class ColdCost(Record, frozen=True, kw_only=True):
    """What the first call of a worker (a process, a thread, an event loop) took, beside its work: the medians over the
    workers. It is no part of throughput, demands and classification."""

    workers: int
    """Whose first calls were told."""
    first_s: float
    """The first call."""
    warm_s: float | None = None
    """A later one."""
    cpu_s: float | None = None
    """CPU of the first call in its thread."""
    imports: tuple[ImportCost, ...] = ()
    """Packages that it imported, and seconds: the most expensive ones."""
    connections: int | None = None
    """Sockets that the first calls of all workers opened and kept."""

    @property
    def cost_s(self) -> float | None:
        """Seconds beside the work; None where no later call was measured."""
        return None if self.warm_s is None else max(self.first_s - self.warm_s, 0.0)


class Repeats(Record, frozen=True, kw_only=True):
    """What a call with an input that was seen before saves, of a function that keeps what it did."""

    inputs: int
    """Called twice alone to see it, beside the first of the process."""
    first_s: float
    """The first call of an input, on average."""
    again_s: float
    """The same again."""
    elsewhere: bool = False
    """Whether another process finds it too (a file, a server): then no call can be told from a repeated one."""


class Trial(Record, frozen=True, kw_only=True):
    """One configuration, measured in a fresh process in several rounds."""

    backend: str
    runner: Runner | None = None
    """Who handed out the calls: plain code, or an event loop. None where that is not known."""
    executor: Executor | None = None
    """What made them: ``thread``, ``process``, ``interpreter``, ``queue`` or a third party's; None where it was the
    runner itself."""
    workers: int
    chunksize: int = 1
    start_method: StartMethod | None = None
    status: Status = "ok"
    reason: str | None = None
    """Why the status is not ok."""
    ran_out: Literal["budget", "start-limit"] | None = None
    """What was used up before it ended a round, where that is why the status is not ok."""
    unborne_calls: int | None = None
    """Calls at once that the network did not bear, where the trial was ended for that (its errors rose, or the
    latencies as much as the calls)."""
    rounds: tuple[Round, ...] = ()
    calls: int = 0
    errors: int = 0
    error: str | None = None
    """The first exception of its calls, in a line."""
    throughput_per_s: float | None = None
    """Calls of average cost that succeeded per second, the median over the clean rounds; low and high bound its
    interval."""
    throughput_low: float | None = None
    throughput_high: float | None = None
    speedup: float | None = None
    """Throughput over the serial trial's."""
    startup_s: float | None = None
    """From opening the pool to every worker being ready."""
    cold: ColdCost | None = None
    """None where the backend does not tell first calls."""
    import_s: float | None = None
    latency_p50_s: float | None = None
    latency_p99_s: float | None = None
    """The median of the clean rounds' own, where each has calls enough for one; else of all their calls together."""
    queue_wait_p50_s: float | None = None
    memory_per_worker_bytes: int | None = None
    memory_bytes: int | None = None
    """Of all its processes, at the peak of each (proportional set size): the one that calls, gilscope's own part
    included, the workers, and what else was running when it was weighed."""
    memory_growth_bytes: float | None = None
    """Anonymous memory by which a worker that is a process grew for each of its calls, from its first round to its
    last. None where it was not weighed twice, or made too few calls between to fill the gaps of its heap."""
    pickle_bytes: int | None = None
    """Bytes of one call's argument and result, pickled; None where nothing is pickled."""
    pickle_s: float | None = None
    """Seconds to pickle and unpickle both. Between interpreters, to hand them over in whichever way."""
    handed_over: HandedOver | None = None
    """How they cross between interpreters: as they are, pickled, or partly so. None elsewhere."""
    loop_lag_p50_s: float | None = None
    loop_lag_p99_s: float | None = None
    loop_lag_max_s: float | None = None
    observer_slowdown: float | None = None
    """Throughput of the clean rounds over that of the observed ones; 1.0 means the sampler cost nothing."""
    chunksize_one_per_s: float | None = None
    """Throughput of the same pool with one call a chunk, where ``chunksize`` is larger."""
    read_bytes: int | None = None
    """Bytes a call reads by system calls; ``storage_read_bytes`` is what of it came from the device."""
    storage_read_bytes: int | None = None
    children_started: int | None = None
    """The most processes alive at a time that the target's calls started."""
    default_pool_threads: int | None = None
    """Threads of the event loop's default executor (``asyncio.to_thread``), where the target used it."""
    threads_before_fork: int | None = None
    """Threads that were running in the process when it forked its workers."""
    results_compared: int | None = None
    """Calls whose results were compared with those of the serial run; None when they were not."""
    results_differing: int | None = None
    latencies: Histogram | None = None
    """Of the timed calls of the clean, warm rounds, in its first process."""
    ledger: Ledger | None = None
    timeline: Timeline | None = None
    queue: QueueFigures | None = None
    queue_delayed: QueueFigures | None = None
    """The same with a network round trip in between, as asked for, taken with tasks that have no calls."""

    @property
    def timed_calls(self) -> int:
        """Calls whose latencies are known; in results of older versions, all."""
        return self.calls if self.latencies is None else sum(self.latencies.counts)

    @property
    def known_p50_s(self) -> float | None:
        """`latency_p50_s`, but None where too few calls were timed for one."""
        return self.latency_p50_s if self.timed_calls >= ENOUGH_FOR_P50 else None

    @property
    def known_p99_s(self) -> float | None:
        """`latency_p99_s`, but None where too few calls were timed for one."""
        return self.latency_p99_s if self.timed_calls >= ENOUGH_FOR_P99 else None

    @property
    def longest_call_s(self) -> float | None:
        """No timed call took longer; None where none was timed, or an older version did not keep them."""
        found = self.latencies
        bins = () if found is None else zip(found.edges_s[1:], found.counts, strict=False)
        return max((edge for edge, count in bins if count), default=None)

    @property
    def name(self) -> str:
        """The configuration in words: ``process × 4, chunksize 8``."""
        parts = [f"{self.backend} × {self.workers}" if self.backend != "serial" else "serial"]
        parts += [f"chunksize {self.chunksize}"] if self.chunksize != 1 else []
        parts += [self.start_method] if self.start_method not in (None, "spawn") else []
        return ", ".join(parts)
