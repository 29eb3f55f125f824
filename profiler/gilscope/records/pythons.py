"""One function under several Pythons: what each took, side by side."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from gilscope.records.base import Record
from gilscope.records.result import ResultRecord

__all__ = ["PYTHONS_SCHEMA", "PythonRecord", "PythonStatus", "PythonsRecord", "Ratio"]

PYTHONS_SCHEMA: Final = "gilscope.pythons/1"

#: ``refused``: it could not run the target, which was found out before anything was measured. ``differing``: it ran,
#: and its inputs or results are others than those of the first. ``failed``: measuring came to nothing.
#: ``interrupted``: it was not measured to its end, or not at all.
PythonStatus = Literal["ok", "refused", "differing", "failed", "interrupted"]


class Ratio(Record, frozen=True, kw_only=True):
    """How many times one throughput is another."""

    value: float
    low: float | None = None
    """With ``high`` the interval, which holds what two processes of one configuration differ by too. None where there
    were too few rounds to tell."""
    high: float | None = None


class PythonRecord(Record, frozen=True, kw_only=True):
    """One of the Pythons, and what the function did under it."""

    name: str
    """By which it is told from the others: its version as far as that does, else with the folder of its environment."""
    path: str
    """The program, as it was named."""
    python: str | None = None
    """Its version; None where it did not tell."""
    implementation: str | None = None
    free_threaded: bool | None = None
    """Whether it was built to run without a GIL. Whether it had one while the target ran is in its result."""
    status: PythonStatus = "ok"
    reason: str | None = None
    """Why the status is not ok."""
    install: str | None = None
    """The command that installs what is missing, where something is."""
    missing_backends: dict[str, str] = msgspec.field(default_factory=dict)
    """Those that were asked for and are not there under this Python, and why."""
    result: ResultRecord | None = None
    """The whole analysis under this Python; None where there was none."""
    best: str | None = None
    """The configuration that is recommended under it, in words: ``serial``, ``process × 2``."""
    alone_rates_per_s: tuple[float, ...] = ()
    """Calls of average cost per second of the function alone, in each of the rounds that were interleaved with those
    of the other Pythons."""
    best_rates_per_s: tuple[float, ...] = ()
    """The same of the recommended configuration; that of the function alone where it is to be left serial."""
    alone: Ratio | None = None
    """Throughput alone, over that of the first Python alone."""
    gain: Ratio | None = None
    """Throughput of the recommended configuration, over that of the first Python alone."""
    results_compared: int | None = None
    """Calls whose results were held against those of the first Python; None where they could not be."""
    results_differing: int | None = None


class PythonsRecord(Record, frozen=True, kw_only=True):
    """Everything that was learned about one target under several Pythons."""

    schema: str = PYTHONS_SCHEMA
    """The name and version of this structure."""
    created: str
    """ISO 8601, UTC."""
    target: str
    """What was run, as in ``module:function``."""
    gilscope: str
    verdict: str
    """In a sentence or two."""
    pythons: tuple[PythonRecord, ...]
    """In the order in which they were named. The others are held against the first whose status is ok."""
    first: int | None = None
    """The number of that one; None where there is none."""
    fastest: int | None = None
    """The number of the one with the greatest gain; of those that no interval tells apart, the first. None where it is
    not known."""
    as_fast: tuple[int, ...] = ()
    """Those that the rounds do not tell from it."""
    inputs_same: bool | None = None
    """Whether all those that are compared were called with the same arguments; None where these are no plain data."""
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    """The options, by name."""
    elapsed_s: float = 0.0
    starting_s: float | None = None
    """Of that, what the Pythons and the target took to start, beside the budget."""
    comparing_s: float | None = None
    """Of that, what the interleaved rounds took."""
    interrupted: bool = False
