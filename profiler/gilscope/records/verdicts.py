"""Verdicts: what the decision step says, each part with its evidence."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from gilscope.records.base import Record

__all__ = [
    "Alternative",
    "BreakEven",
    "Classification",
    "Context",
    "Figures",
    "Finding",
    "GivenInputs",
    "InputGroup",
    "Label",
    "Noise",
    "Prediction",
    "Recommendation",
    "Severity",
    "StartMethod",
]

Label = Literal["compute-bound", "io-bound", "mixed", "overhead-bound", "inconclusive"]
Severity = Literal["info", "warning", "error"]
Context = Literal["sync", "async"]
StartMethod = Literal["spawn", "forkserver", "fork"]
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
    """0 to 1: how often a repetition of this analysis would say the same."""
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
    executor: str | None = None
    """For ``asyncio`` with a plain function: the executor to offload to, thread, process or interpreter."""
    trial: int | None = None
    """The number among the record's trials of the one that it rests on; None when inconclusive, and in results of older
    versions."""
    context: Context = "sync"
    speedup: float | None = None
    speedup_low: float | None = None
    speedup_high: float | None = None
    confidence: float
    expected_loss: float | None = None
    """By how much the other configurations are expected to be faster beyond the noise, as a part of the throughput:
    what measuring on could gain at most. None when inconclusive, and in results of older versions."""
    reason: str
    code: str = ""
    """For a caller as ``context`` says; ``other_code`` is for the other kind."""
    other_code: str = ""
    alternatives: tuple[Alternative, ...] = ()


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
