"""The record: everything an analysis learned, in frozen structures.

Counts, bytes and seconds are stored, with their unit in the name; shares and ratios that follow from them are
properties. ``None`` means unknown, never zero. Every report is drawn from a `Result` and from nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from gilscope.accounts import STATES, WAIT_STATES, Account, Demands, Ledger, QueueFigures, Record
from gilscope.plans import Capacity, FleetOption, FleetPoint, LocalOption, QueueProgram, QueueSetting, Wanted
from gilscope.traces import Histogram, Lane, Stack, Timeline
from gilscope.verdicts import (
    Alternative,
    BreakEven,
    Classification,
    Context,
    Finding,
    InputGroup,
    Label,
    Noise,
    Prediction,
    Recommendation,
    Severity,
    StartMethod,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = [
    "SCHEMA",
    "STATES",
    "WAIT_STATES",
    "Account",
    "Alternative",
    "BreakEven",
    "Capacity",
    "Classification",
    "Context",
    "Demands",
    "Environment",
    "Failure",
    "Finding",
    "FleetOption",
    "FleetPoint",
    "Histogram",
    "HotLine",
    "ImportCost",
    "InputGroup",
    "Instrument",
    "Kind",
    "Label",
    "Lane",
    "Ledger",
    "LocalOption",
    "NativePool",
    "Noise",
    "Prediction",
    "QueueFigures",
    "QueueProgram",
    "QueueSetting",
    "Recommendation",
    "Record",
    "Result",
    "Round",
    "Severity",
    "Stack",
    "StartMethod",
    "Status",
    "Target",
    "Timeline",
    "Trial",
    "Wanted",
]

SCHEMA: Final = "gilscope.result/2"

Kind = Literal["sync", "coroutine", "generator", "async-generator"]
Status = Literal["ok", "failed", "refused", "timeout"]


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
    latency_p50_s: float | None = None
    latency_p99_s: float | None = None
    queue_wait_p50_s: float | None = None
    """From submitting a chunk of calls to its start."""
    loop_lag_p50_s: float | None = None
    loop_lag_p99_s: float | None = None
    loop_lag_max_s: float | None = None


class Trial(Record, frozen=True, kw_only=True):
    """One configuration, measured in a fresh process in several rounds."""

    backend: str
    workers: int
    chunksize: int = 1
    start_method: StartMethod | None = None
    status: Status = "ok"
    reason: str | None = None
    """Why the status is not ok."""
    rounds: tuple[Round, ...] = ()
    calls: int = 0
    errors: int = 0
    throughput_per_s: float | None = None
    """Calls of average cost per second, the median over the clean rounds; low and high bound its interval."""
    throughput_low: float | None = None
    throughput_high: float | None = None
    speedup: float | None = None
    """Throughput over the serial trial's."""
    startup_s: float | None = None
    """From opening the pool to every worker being ready."""
    import_s: float | None = None
    latency_p50_s: float | None = None
    latency_p99_s: float | None = None
    queue_wait_p50_s: float | None = None
    memory_per_worker_bytes: int | None = None
    memory_growth_bytes: float | None = None
    """Anonymous memory by which a worker that is a process grew for each of its calls, from its first round to its
    last. None where it was not weighed twice, or made too few calls between to fill the gaps of its heap."""
    pickle_bytes: int | None = None
    """Bytes of one call's argument and result, pickled; None where nothing is pickled."""
    pickle_s: float | None = None
    """Seconds to pickle and unpickle both."""
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
    """Of the timed calls of the clean rounds."""
    ledger: Ledger | None = None
    timeline: Timeline | None = None
    queue: QueueFigures | None = None
    queue_delayed: QueueFigures | None = None
    """The same with a network round trip in between, as asked for, taken with tasks that have no calls."""

    @property
    def name(self) -> str:
        """The configuration in words: ``process × 4, chunksize 8``."""
        parts = [f"{self.backend} × {self.workers}" if self.backend != "serial" else "serial"]
        parts += [f"chunksize {self.chunksize}"] if self.chunksize != 1 else []
        parts += [self.start_method] if self.start_method not in (None, "spawn") else []
        return ", ".join(parts)


class Target(Record, frozen=True, kw_only=True):
    """What was run."""

    spec: str
    kind: Kind = "sync"
    file: str | None = None
    line: int | None = None
    inputs: str | None = None
    """Where the inputs came from, in the user's words; None for a function called without arguments."""
    input_count: int = 0
    """Inputs used."""
    inputs_truncated: bool = False
    """Whether the iterable had more than was taken."""


class Environment(Record, frozen=True, kw_only=True):
    """Where it was run."""

    python: str
    implementation: str
    gil_enabled: bool
    platform: str
    machine: str
    cpus_usable: float
    """The least of affinity, cgroup quota and what the user said; a quota of half a CPU is 0.5."""
    cpus_visible: int
    cpus_reason: str | None = None
    """What limits the usable CPUs, where they are fewer than the visible ones."""
    memory_limit_bytes: int | None = None
    gilscope: str
    packages: dict[str, str] = msgspec.field(default_factory=dict)
    load_average: float | None = None


class Instrument(Record, frozen=True, kw_only=True):
    """What watched, and how well."""

    ledger_source: Literal["proc", "psutil", "none"]
    gil_source: Literal["calibrated", "py-spy", "none"]
    hot_source: Literal["py-spy", "none"] = "none"
    reason: str | None = None
    """Why a fallback was used; None when everything worked."""
    rate_asked_hz: float | None = None
    rate_achieved_hz: float | None = None
    missed: int | None = None
    """Sampling moments skipped because the sampler woke too late."""
    read_errors: int | None = None
    sampler_cpu_s: float | None = None
    """CPU the sampler itself used, over all observed rounds; ``sampled_s`` is their wall clock."""
    sampled_s: float | None = None
    observer_slowdown: float | None = None
    """The median over the trials; 1.02 means observed rounds ran 2 % slower."""


class HotLine(Record, frozen=True, kw_only=True):
    """A line of the solo run and its share of the stack samples."""

    function: str
    file: str
    line: int
    gil_share: float | None
    """The fraction of the samples in which this line held the GIL."""
    cpu_share: float | None
    """The fraction of the samples in which this line was active, with the GIL or without."""
    wait_share: float | None = None
    """The fraction of the samples in which this line was blocked."""
    callee: str | None = None
    """What the line was calling most often, outside the user's code: ``urllib.request.urlopen``."""
    source: str | None = None
    """The line's own text, as it was when it was measured."""


class ImportCost(Record, frozen=True, kw_only=True):
    """What importing a module cost while the target was loaded, without what it imported in turn."""

    module: str
    seconds: float


class NativePool(Record, frozen=True, kw_only=True):
    """A library with threads of its own, loaded by the target."""

    library: str
    """``openblas``, ``mkl``, ``openmp``, ``duckdb``, ``polars`` …"""
    threads: int | None = None
    variable: str | None = None
    """The environment variable that limits them."""


class Failure(Record, frozen=True, kw_only=True):
    """The first exception that a call raised."""

    type: str
    message: str
    traceback: str
    count: int
    """Calls that raised, of ``calls``, over all trials."""
    calls: int


class Result(Record, frozen=True, kw_only=True):
    """Everything one analysis learned about one target. Draw it in any format; save it with ``to_json``."""

    schema: str = SCHEMA
    """The name and version of this structure."""
    created: str
    """ISO 8601, UTC."""
    target: Target
    environment: Environment
    instrument: Instrument
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    """The options of the analysis, by name."""
    elapsed_s: float = 0.0
    demands: Demands | None = None
    classification: Classification
    recommendation: Recommendation
    trials: tuple[Trial, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    noise: Noise | None = None
    break_even: tuple[BreakEven, ...] = ()
    groups: tuple[InputGroup, ...] = ()
    """Of the inputs, where calls differ in kind; empty where they do not."""
    imports: tuple[ImportCost, ...] = ()
    """The most expensive modules of the target, as every spawned worker imports them anew."""
    native_pools: tuple[NativePool, ...] = ()
    hot: tuple[HotLine, ...] = ()
    stacks: tuple[Stack, ...] = ()
    """The most frequent first, bounded in number."""
    findings: tuple[Finding, ...] = ()
    capacity: Capacity | None = None
    """What it takes to do as much as was asked for; None where nothing was asked."""
    queue_settings: tuple[QueueSetting, ...] = ()
    """Of each task queue that was measured."""
    queue_programs: tuple[QueueProgram, ...] = ()
    """One for each of them."""
    failure: Failure | None = None
    output: str = ""
    """The last lines the target printed, bounded."""
    interrupted: bool = False
    """Whether the analysis was stopped before it was done."""

    def trials_frame(self) -> pd.DataFrame:
        """One row per trial; units in the column names."""
        return self._frame("trials_frame")

    def ledger_frame(self) -> pd.DataFrame:
        """One row per trial with a ledger: a column of seconds per state, and the wall clock."""
        return self._frame("ledger_frame")

    def rounds_frame(self) -> pd.DataFrame:
        """One row per trial and round."""
        return self._frame("rounds_frame")

    def timeline_frame(self) -> pd.DataFrame:
        """One row per trial, worker thread and stretch of time in one state: ``start_s``, ``end_s``, ``state``."""
        return self._frame("timeline_frame")

    def findings_frame(self) -> pd.DataFrame:
        """One row per finding."""
        return self._frame("findings_frame")

    def to_json(self, path: str | Path | None = None) -> str:
        """The record as JSON; also written to ``path``, atomically, when given."""
        return self._render("json", path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """Long CSV, one row per trial and round; also written to ``path`` when given."""
        return self._render("csv", path)

    def to_html(self, path: str | Path | None = None) -> str:
        """One offline HTML page; also written to ``path`` when given."""
        return self._render("html", path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Markdown for a pull request; also written to ``path`` when given."""
        return self._render("md", path)

    def to_text(self, path: str | Path | None = None) -> str:
        """What the terminal shows, as plain text; also written to ``path`` when given."""
        return self._render("text", path)

    def _repr_html_(self) -> str:
        """What a notebook shows: the most important of it, as markup without script."""
        from gilscope.report import notebook

        return notebook.fragment(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002  as IPython calls it
        """What IPython shows in a terminal: the text report."""
        printer.text(self.to_text().rstrip())

    def _frame(self, name: str) -> pd.DataFrame:
        from gilscope.report import frames  # only here: pandas takes longer to import than all the rest

        frame: pd.DataFrame = getattr(frames, name)(self)
        return frame

    def _render(self, format_name: str, path: str | Path | None) -> str:
        from gilscope import report

        text = report.render([self], format_name)
        if path is not None:
            report.write_text(path, text)
        return text
