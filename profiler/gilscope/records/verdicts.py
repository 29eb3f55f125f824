"""Verdicts: what the decision step says, each part with its evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from gilscope.errors import MeasurementError, UsageError
from gilscope.records.base import Record

if TYPE_CHECKING:
    from concurrent.futures import Executor as AnyExecutor

__all__ = [
    "Alternative",
    "BreakEven",
    "Classification",
    "Context",
    "Executor",
    "Figures",
    "Finding",
    "GivenInputs",
    "InputGroup",
    "Label",
    "Noise",
    "Prediction",
    "Recommendation",
    "Runner",
    "Severity",
    "StartMethod",
]

Label = Literal["compute-bound", "io-bound", "mixed", "overhead-bound", "inconclusive"]
Severity = Literal["info", "warning", "error"]
Context = Literal["sync", "async"]
StartMethod = Literal["spawn", "forkserver", "fork"]
#: Who hands out the calls.
Runner = Literal["plain", "event-loop"]
#: What makes the calls, where it is not the runner itself: ``thread``, ``process``, ``interpreter`` or ``queue``; a
#: third party's is called after its backend.
Executor: TypeAlias = str
#: By name, with units in the names; None where one does not apply.
Figures: TypeAlias = dict[str, float | int | str | None]


class Classification(Record, frozen=True, kw_only=True):
    """What kind of work the function does, judged from the solo ledger."""

    label: Label
    subtype: str | None = None
    """compute-bound: python, native or own-threads; io-bound: network, disk, sleep, lock,
    child or accelerator."""
    cpu_utilization: float | None = None
    """CPU ÷ (CPU + blocked), from the solo run."""
    wait_ratio: float | None = None
    """Blocked ÷ wall clock, from the solo run."""
    gil_held_ratio: float | None = None
    """The fraction of the solo wall clock in which the GIL was held."""
    confidence: float
    """0 to 1: the chance that it holds, that measuring without error would say the same."""
    reason: str


class Alternative(Record, frozen=True, kw_only=True):
    """A configuration that was not recommended, and why."""

    backend: str
    workers: int | None
    speedup: float | None
    why_not: str
    no_choice: bool = False
    """Whether it may not be recommended, however fast it is."""


class Recommendation(Record, frozen=True, kw_only=True):
    """How to run the function."""

    backend: str | None
    """None when inconclusive."""
    workers: int | None = None
    chunksize: int | None = None
    start_method: StartMethod | None = None
    runner: Runner | None = None
    """Who hands out the calls: plain code, or an event loop. None when inconclusive."""
    executor: Executor | None = None
    """What makes them: ``thread``, ``process``, ``interpreter``, ``queue`` or a third party's; None where that is the
    runner itself. With the backend ``asyncio``, what the loop offloads to."""
    setup: str | None = None
    """What set up each process that ran the function, as ``module:function``; None where nothing did."""
    teardown: str | None = None
    """What was called at the end of each, likewise."""
    native_threads: int = 1
    """That native libraries may have in each worker, so that all together are as many as there are CPUs."""
    native_variables: tuple[str, ...] = ()
    """The environment variables that tell them; empty where no library starts threads of its own."""
    trial: int | None = None
    """The number among the record's trials of the one that it rests on; None when inconclusive, and in results of older
    versions."""
    context: Context = "sync"
    speedup: float | None = None
    speedup_low: float | None = None
    speedup_high: float | None = None
    confidence: float
    """0 to 1: the chance that it holds, that measuring without error would say the same: nothing that was measured and
    fits the caller is faster by more than the noise."""
    expected_loss: float | None = None
    """By how much the other configurations are expected to be faster beyond the noise, as a part of the throughput:
    what measuring on could gain at most. None when inconclusive, and in results of older versions."""
    reason: str
    code: str = ""
    """For a caller as ``context`` says; ``other_code`` is for the other kind."""
    other_code: str = ""
    alternatives: tuple[Alternative, ...] = ()

    def make_executor(
        self, *, setup: Callable[[], Any] | None = None, teardown: Callable[[], Any] | None = None
    ) -> AnyExecutor:
        """A `concurrent.futures.Executor` as is recommended, to be used as a context: its kind, workers, start method,
        native threads, set-up, and the chunksize of its ``map``. Where calls are best made one after the other it makes
        them when they are submitted, in the thread that submits them.

        :param setup: called in every process (or interpreter) that makes calls, before the first; what the analysis
            named is imported and called where this is None
        :param teardown: called there after the last, likewise
        :raises MeasurementError: when nothing is recommended
        :raises UsageError: when it is no executor that is recommended but an event loop, a task queue, or what this
            Python has not; when the set-up cannot be imported here
        """
        from gilscope.executors import Plan, hook, open_executor  # records are read where no executor is made

        self._require_executor()
        plan = Plan(
            self.executor,
            self.workers or 1,
            self.chunksize or 1,
            self.start_method,
            setup or (hook(self.setup, "setup") if self.setup else None),
            teardown or (hook(self.teardown, "teardown") if self.teardown else None),
            self.native_threads,
            self.native_variables,
        )
        return open_executor(plan)

    def _require_executor(self) -> None:
        if self.backend is None:
            raise MeasurementError(f"there is no executor to make, for nothing is recommended: {self.reason}")
        if self.executor is None and self.runner == "event-loop":
            raise UsageError(
                "a coroutine function is awaited, on an event loop, and no executor runs it: `code` of the "
                f"recommendation is the program for it, with {self.workers or 1} at a time"
            )
        if self.executor not in (None, "thread", "process", "interpreter"):
            what = "a task queue" if self.executor == "queue" else "from another package"
            raise UsageError(
                f"{self.backend} is {what}, and no executor of the standard library: `code` of the recommendation is "
                "the program for it"
            )


class Prediction(Record, frozen=True, kw_only=True):
    """What the queueing model expects of a configuration, beside what was measured."""

    backend: str
    workers: int
    cpus: float
    throughput_per_s: float
    """By the model and what it was off by elsewhere: in all configurations that were measured but this one."""
    throughput_low: float | None = None
    throughput_high: float | None = None
    """The interval holds the measurement in 80% of cases."""
    model_per_s: float | None = None
    """By the model alone; None in results of older versions, whose ``throughput_per_s`` it was."""
    measured_per_s: float | None = None
    bottleneck: str | None = None
    """The station with the highest utilization: gil, cpu, delay, pickling, dispatch, loop or
    accelerator."""
    gil_enabled: bool = True
    threads_per_process: int | None = None
    """For processes of several threads each: ``workers`` counts the processes."""


class Noise(Record, frozen=True, kw_only=True):
    """What differs when nothing differs: the fastest configuration against itself in a second process (A/A)."""

    backend: str
    workers: int
    ratio: float
    """Throughput of the second process over that of the first."""
    round_spread: float | None = None
    """Relative standard deviation of the rounds of one configuration, pooled over all of them."""
    floor: float
    """The gap up to which two configurations are called a tie, as a fraction of the faster."""
    pairs: int = 1
    """How many pairs of processes were compared; ``ratio`` is of that of the fastest configuration."""


class BreakEven(Record, frozen=True, kw_only=True):
    """What a backend costs beside the work, and from what length of a call on it pays."""

    backend: str
    workers: int
    dispatch_s: float | None = None
    """To hand over one call and take its result back."""
    pickle_s: float | None = None
    startup_s: float | None = None
    cold_s: float | None = None
    """By which a worker's first call took longer than later ones: workers start theirs at the same time."""
    call_s: float | None = None
    """The shortest call for which it beats the serial run by more than the noise; None when no length does."""
    calls: int | None = None
    """Calls of the length measured that repay its start-up, and what its first calls take longer than that of the
    serial run; None when none do."""


class GivenInputs(Record, frozen=True, kw_only=True):
    """What the recommendation takes for the inputs that were given, each of them once; its own gain is that of a list
    without end."""

    inputs: int
    workers: int
    """Those that have something to do."""
    waves: int
    """Calls that a worker makes, at most."""
    serial_s: float
    """One after the other."""
    startup_s: float
    """Of that many workers; a part of ``takes_s``."""
    takes_s: float

    @property
    def gain(self) -> float | None:
        """How many times as fast as one after the other; None where it takes no time."""
        return self.serial_s / self.takes_s if self.takes_s > 0 else None


class InputGroup(Record, frozen=True, kw_only=True):
    """Inputs whose calls are alike; there are several where calls differ in kind."""

    name: str
    inputs: int
    """How many of the inputs used."""
    example: int
    """The number of one of them."""
    call_s: float
    """The mean wall clock of a call, alone."""
    cpu_share: float | None = None
    """CPU ÷ wall clock of a call, alone."""
    label: Label | None = None


class Finding(Record, frozen=True, kw_only=True):
    """Something worth knowing beside the verdict."""

    code: str
    severity: Severity
    title: str
    evidence: str
    advice: str
    page: str | None = None
    """Where it is explained: a path in the documentation."""
    figures: Figures = msgspec.field(default_factory=dict)
    """What it rests on; empty in results of older versions."""
