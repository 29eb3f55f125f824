"""Tables for pandas. Columns are the record's own fields, units in their names; unknown is missing."""

from __future__ import annotations

import typing
from typing import Any, Final

import msgspec
import pandas as pd

from gilscope.records import Ledger, Record, Result, Round, Trial

if typing.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ledger_frame", "long_frame", "rounds_frame", "trials_frame"]

#: What identifies a trial, in every table.
_KEYS: Final = ("backend", "workers", "chunksize", "start_method")
_FATE: Final = ("status", "reason")
_NESTED: Final = ("rounds", "ledger", "latencies", "timeline")


def _types(record: type[Record], left_out: Sequence[str] = ()) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(record) if field.name not in left_out}


_KEY_TYPES: Final = {"target": str, "trial": int, **{name: _types(Trial)[name] for name in _KEYS}}
_FATE_TYPES: Final = {name: _types(Trial)[name] for name in _FATE}
_FIGURE_TYPES: Final = _types(Trial, (*_KEYS, *_FATE, *_NESTED))
_TIMED_TYPES: Final = _types(Round, ("index",))
_ROUND_TYPES: Final = {"round": int, **_TIMED_TYPES, "throughput_per_s": float}
_LEDGER_TYPES: Final = {"threads": int, "calls": int, "wall_s": float, **_types(Ledger)}


def trials_frame(result: Result) -> pd.DataFrame:
    """One row per trial, whatever became of it."""
    rows = [_keys(result, at) | _pick(trial, _FATE_TYPES) | _figures(trial) for at, trial in _numbered(result)]
    return _frame(rows, _KEY_TYPES | _FATE_TYPES | _FIGURE_TYPES)


def ledger_frame(result: Result) -> pd.DataFrame:
    """One row per trial with a ledger: seconds by state and wall clock, summed over the worker threads."""
    rows = [_keys(result, at) | _pick(trial.ledger, _LEDGER_TYPES) for at, trial in _numbered(result) if trial.ledger]
    return _frame(rows, _KEY_TYPES | _LEDGER_TYPES)


def rounds_frame(result: Result) -> pd.DataFrame:
    """One row per trial and round; ``throughput_per_s`` is the round's own calls over its wall clock."""
    rows = [_keys(result, at) | _round(timed) for at, trial in _numbered(result) for timed in trial.rounds]
    return _frame(rows, _KEY_TYPES | _ROUND_TYPES)


def long_frame(results: Iterable[Result]) -> pd.DataFrame:
    """One row per target, trial and round. A trial without rounds keeps one row, so that its fate is told.

    What belongs to the whole trial, repeated in each of its rows, has the prefix ``trial_`` or ``ledger_``.
    """
    types = _KEY_TYPES | _FATE_TYPES | _ROUND_TYPES
    types |= _prefixed("trial_", _FIGURE_TYPES) | _prefixed("ledger_", _LEDGER_TYPES)
    return _frame([row for result in results for row in _long_rows(result)], types)


def _long_rows(result: Result) -> Iterable[dict[str, Any]]:
    for at, trial in _numbered(result):
        whole = _keys(result, at) | _pick(trial, _FATE_TYPES) | _prefixed("trial_", _figures(trial))
        if trial.ledger is not None:
            whole |= _prefixed("ledger_", _pick(trial.ledger, _LEDGER_TYPES))
        yield from ([whole | _round(timed) for timed in trial.rounds] or [whole])


def _numbered(result: Result) -> Iterable[tuple[int, Trial]]:
    return enumerate(result.trials)


def _keys(result: Result, at: int) -> dict[str, Any]:
    return {"target": result.target.spec, "trial": at} | _pick(result.trials[at], _KEYS)


def _figures(trial: Trial) -> dict[str, Any]:
    return _pick(trial, _FIGURE_TYPES)


def _round(timed: Round) -> dict[str, Any]:
    throughput = timed.calls / timed.wall_s if timed.wall_s > 0 else None
    return {"round": timed.index, **_pick(timed, _TIMED_TYPES), "throughput_per_s": throughput}


def _pick(record: Record, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _prefixed(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in values.items()}


def _frame(rows: list[dict[str, Any]], types: dict[str, Any]) -> pd.DataFrame:
    columns = {
        name: pd.Series([row.get(name) for row in rows], dtype=_dtype(name, kind)) for name, kind in types.items()
    }
    return pd.DataFrame(columns)


def _dtype(name: str, kind: Any) -> Any:
    """The pandas type of a field; the nullable kind, lest a missing value turn counts into floats."""
    if name == "backend":
        return "category"
    wanted = typing.get_args(kind) or (kind,)
    for python, pandas in ((float, "float64"), (bool, "boolean"), (int, "Int64")):
        if python in wanted:
            return pandas
    return "string"
