"""What was run, where, and with which instruments."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from gilscope.records.base import Record

__all__ = [
    "LOOP_KINDS",
    "Environment",
    "Failure",
    "HotLine",
    "ImportCost",
    "Instrument",
    "Kind",
    "NativePool",
    "Target",
]

Kind = Literal["sync", "coroutine", "generator", "async-generator"]
#: Kinds of target that an event loop runs natively; it offloads the others to threads.
LOOP_KINDS: Final[tuple[Kind, ...]] = ("coroutine", "async-generator")


class Target(Record, frozen=True, kw_only=True):
    """What was run."""

    spec: str
    kind: Kind = "sync"
    file: str | None = None
    line: int | None = None
    inputs: str | None = None
    """Where the inputs came from, in the user's words; None for a function called without arguments."""
    input_count: int = 0
    """Inputs used: calls go round these."""
    inputs_given: int | None = None
    """Inputs that there were to use; None in results of older versions."""
    inputs_why: str | None = None
    """Why fewer were used than given; None where all were."""
    inputs_truncated: bool = False
    """Whether the iterable had more than was taken."""
    inputs_digest: str | None = None
    """Of all arguments that there were to use: equal ones have equal digests. None where they are not plain data, where
    they are too large, and in results of older versions."""

    @property
    def taken(self) -> int:
        """Inputs that were taken from the iterable, used or not."""
        return self.input_count if self.inputs_given is None else self.inputs_given


class Environment(Record, frozen=True, kw_only=True):
    """Where it was run."""

    python: str
    implementation: str
    gil_enabled: bool
    gil_enabled_by: str | None = None
    """The extension module that enabled it while the target was imported or called, in a build that can do without one;
    None where none did."""
    platform: str
    machine: str
    cpus_usable: float
    """The least of affinity, cgroup quota and what the user said; a quota of half a CPU is 0.5."""
    cpus_visible: int
    cpus_reason: str | None = None
    """What limits the usable CPUs, where they are fewer than the visible ones."""
    cpu_model: str | None = None
    """What the processor calls itself; None where nobody tells, and in results of older versions."""
    cpu_cores: float | None = None
    """Cores for the usable CPUs: fewer where these are hyperthreads, which share one. None where nobody tells."""
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
    """The median over the trials; 1.02 means observed rounds ran 2% slower."""


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
