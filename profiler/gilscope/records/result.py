"""The whole record of an analysis."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gilscope.records.base import Record
from gilscope.records.circumstances import Environment, Failure, HotLine, ImportCost, Instrument, NativePool, Target
from gilscope.records.ledgers import Demands
from gilscope.records.plans import Capacity, QueueProgram, QueueSetting
from gilscope.records.traces import Stack
from gilscope.records.trials import Repeats, Trial
from gilscope.records.verdicts import (
    BreakEven,
    Classification,
    Finding,
    GivenInputs,
    InputGroup,
    Noise,
    Prediction,
    Recommendation,
)

__all__ = ["SCHEMA", "ResultRecord"]

SCHEMA: Final = "gilscope.result/2"


class ResultRecord(Record, frozen=True, kw_only=True):
    """Everything one analysis learned about one target."""

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
    starting_s: float | None = None
    """Of that, what the target took to start (imports, set-up, pools that open, first calls) beside the budget."""
    calls_made: int | None = None
    """In all, those included that warmed up or were made for other figures than the trials' own."""
    demands: Demands | None = None
    classification: Classification
    recommendation: Recommendation
    trials: tuple[Trial, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    noise: Noise | None = None
    break_even: tuple[BreakEven, ...] = ()
    given: GivenInputs | None = None
    """For the inputs given; None where that is not known, as of inputs without end."""
    groups: tuple[InputGroup, ...] = ()
    """Of the inputs, where calls differ in kind; empty where they do not."""
    repeats: Repeats | None = None
    """Where calls are much cheaper with an input that was seen before; None where they are not."""
    imports: tuple[ImportCost, ...] = ()
    """The most expensive modules of the target, as every spawned worker imports them anew."""
    native_pools: tuple[NativePool, ...] = ()
    accelerators: tuple[str, ...] = ()
    """The devices that the target had open alone, as ``/dev/nvidia0``."""
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
