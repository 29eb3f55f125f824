"""The record: everything an analysis learned, in frozen structures.

Counts, bytes and seconds are stored, with their unit in the name; shares and ratios that follow from them are
properties. ``None`` means unknown, never zero. Every report is drawn from a `ResultRecord` and from nothing else.
"""

from __future__ import annotations

from gilscope.records.base import Record
from gilscope.records.circumstances import (
    LOOP_KINDS,
    Environment,
    Failure,
    HotLine,
    ImportCost,
    Instrument,
    Kind,
    NativePool,
    Target,
)
from gilscope.records.ledgers import STATES, WAIT_STATES, Account, Demands, Ledger, ShareInterval
from gilscope.records.plans import (
    Capacity,
    FleetOption,
    FleetPoint,
    LocalOption,
    QueueFigures,
    QueueProgram,
    QueueSetting,
    Wanted,
)
from gilscope.records.result import SCHEMA, ResultRecord
from gilscope.records.traces import Histogram, Lane, Stack, Timeline
from gilscope.records.trials import ENOUGH_FOR_P50, ENOUGH_FOR_P99, ColdCost, HandedOver, Repeats, Round, Status, Trial
from gilscope.records.verdicts import (
    Alternative,
    BreakEven,
    Classification,
    Context,
    Executor,
    Figures,
    Finding,
    GivenInputs,
    InputGroup,
    Label,
    Noise,
    Prediction,
    Recommendation,
    Runner,
    Severity,
    StartMethod,
)

__all__ = [
    "ENOUGH_FOR_P50",
    "ENOUGH_FOR_P99",
    "LOOP_KINDS",
    "SCHEMA",
    "STATES",
    "WAIT_STATES",
    "Account",
    "Alternative",
    "BreakEven",
    "Capacity",
    "Classification",
    "ColdCost",
    "Context",
    "Demands",
    "Environment",
    "Executor",
    "Failure",
    "Figures",
    "Finding",
    "FleetOption",
    "FleetPoint",
    "GivenInputs",
    "HandedOver",
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
    "Repeats",
    "ResultRecord",
    "Round",
    "Runner",
    "Severity",
    "ShareInterval",
    "Stack",
    "StartMethod",
    "Status",
    "Target",
    "Timeline",
    "Trial",
    "Wanted",
]
