"""The columns of every table for pandas: their names, types and meanings. Units are in the names.

A column that tells a field of the record has its type from there, in pandas' nullable kind where a missing value
would turn counts into floats: ``Int64``, ``boolean``, ``string``, and ``float64``, in which unknown is NaN. Backends
and states are categories.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec.inspect as types
import pandas as pd

from gilscope.records import (
    STATES,
    Classification,
    Environment,
    Finding,
    Lane,
    Ledger,
    Record,
    ResultRecord,
    Round,
    Target,
    Trial,
)
from gilscope.report.clean import printable
from gilscope.report.meanings import meaning, unit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FRAMES", "FrameColumn", "columns", "dtype_of", "series"]

CATEGORY: Final = "category"
#: Those that are always there, in this order; others come after.
_CATEGORIES: Final = {
    "backend": ("serial", "thread", "process", "asyncio", "interpreter"),
    "state": (*STATES, "unknown"),
}
_DTYPES: Final = {
    types.FloatType: "float64",
    types.BoolType: "boolean",
    types.IntType: "Int64",
    types.StrType: "string",
    types.LiteralType: "string",
}


class FrameColumn(NamedTuple):
    """A column, and the field of the record it tells."""

    name: str
    dtype: str
    home: type[Record] | None = None
    """None for what a frame adds."""
    field: str = ""
    about: str = ""
    """What it means, or of what its field is told, where it is not the record's own word."""

    @property
    def meaning(self) -> str:
        """In a sentence or more, with the unit."""
        told = f"{self.about} {meaning(self.home, self.field)}".strip() if self.home else self.about
        measured = unit(self.name)
        return told if measured is None or measured in told.lower() else f"{told} In {measured}."


def _columns(
    record: type[Record], left_out: tuple[str, ...] = (), prefix: str = "", about: str = ""
) -> list[FrameColumn]:
    """Those of the fields of ``record`` that fit in a cell."""
    info = types.type_info(record)
    assert isinstance(info, types.StructType)
    kinds = {field.name: _dtype_in(field.type) for field in info.fields if field.name not in left_out}
    told = [(name, CATEGORY if name in _CATEGORIES else dtype) for name, dtype in kinds.items()]
    return [FrameColumn(f"{prefix}{name}", dtype, record, name, about) for name, dtype in told if dtype]


def _dtype_in(kind: types.Type) -> str | None:
    """The pandas type for a type of the record; None where no cell can hold it."""
    choices = kind.types if isinstance(kind, types.UnionType) else (kind,)
    return next((_DTYPES[type(choice)] for choice in choices if type(choice) in _DTYPES), None)


def _only(record: type[Record], *names: str) -> list[FrameColumn]:
    return [column for name in names for column in _columns(record) if column.name == name]


_CONFIGURATION: Final = ("backend", "runner", "executor", "workers", "chunksize", "start_method")
_OUTCOME: Final = ("status", "reason")
_TARGET: Final = FrameColumn("target", "string", Target, "spec")
_ROUND: Final = FrameColumn("round", "Int64", Round, "index")
#: What identifies a trial.
_KEYS: Final = [
    _TARGET,
    FrameColumn("trial", "Int64", about="The number of the trial within its result, from 0."),
    *_only(Trial, *_CONFIGURATION),
]
_TIMED: Final = [
    _ROUND,
    *_columns(Round, ("index",)),
    FrameColumn("throughput_per_s", "float64", about="Calls of the round over its wall clock."),
]
_STRETCH: Final = [
    FrameColumn("lane", "Int64", about="The number of the worker thread within its trial, from 0."),
    *_only(Lane, "pid", "tid"),
    FrameColumn("start_s", "float64", about="Since the round began."),
    FrameColumn("end_s", "float64", about="Since the round began."),
    FrameColumn("state", CATEGORY, about="What the thread was seen doing from start to end: a state of the ledger."),
]
_LEDGER_FIRST: Final = ("threads", "calls", "wall_s")
_RESULT: Final = FrameColumn("result", "Int64", about="The number of the result among those given, from 0.")
_ORIGIN: Final = [
    *_only(Classification, "label"),
    *_only(Environment, "python", "gil_enabled", "cpus_usable"),
    *_only(ResultRecord, "created"),
]
_WHOLE: Final = _columns(Trial, (*_CONFIGURATION, *_OUTCOME), "trial_", "Of the whole trial:")
_SPENT: Final = _columns(Ledger, prefix="ledger_", about="Of the trial's ledger:")

#: Of every frame, by the name of the function or method that makes it, in their order.
FRAMES: Final[dict[str, list[FrameColumn]]] = {
    "trials_frame": [*_KEYS, *_only(Trial, *_OUTCOME), *_columns(Trial, (*_CONFIGURATION, *_OUTCOME))],
    "rounds_frame": [*_KEYS, *_TIMED],
    "ledger_frame": [*_KEYS, *_only(Ledger, *_LEDGER_FIRST), *_columns(Ledger, _LEDGER_FIRST)],
    "timeline_frame": [*_KEYS, *_STRETCH],
    "findings_frame": [_TARGET, *_columns(Finding)],
    "frame": [_RESULT, *_KEYS, *_only(Trial, *_OUTCOME), *_TIMED, *_ORIGIN, *_WHOLE, *_SPENT],
}


def columns() -> list[tuple[str, str, str]]:
    """Every column of every frame: the frame, the column, and what it means."""
    return [(frame, column.name, column.meaning) for frame, found in FRAMES.items() for column in found]


def dtype_of(name: str) -> str | None:
    """The type of the column of this name, which is the same in every frame; None where there is none."""
    return next((column.dtype for found in FRAMES.values() for column in found if column.name == name), None)


def series(name: str, dtype: str, values: list[Any]) -> pd.Series[Any]:
    """A column of ``values``, its text fit for people: control characters and lone surrogates shown as escapes."""
    if dtype not in ("string", CATEGORY):
        return pd.Series(values, dtype=dtype)
    shown = {text: printable(text) for text in set(values) if isinstance(text, str)}
    told = [shown.get(text) for text in values]
    return pd.Series(told, dtype="string" if dtype == "string" else _category(name, shown.values()))


def _category(name: str, texts: Iterable[str]) -> pd.CategoricalDtype:
    known = _CATEGORIES[name]
    return pd.CategoricalDtype([*known, *sorted(set(texts) - set(known))])
