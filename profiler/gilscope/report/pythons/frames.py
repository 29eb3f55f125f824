"""Tables of several Pythons for pandas, tidy: one thing a row, units in the names. Unknown is missing, never zero."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any, Final

import pandas as pd

from gilscope.records.pythons import PythonRecord, PythonsRecord, Ratio
from gilscope.report import frames
from gilscope.report.clean import printable

__all__ = ["pythons_frame", "trials_frame"]

_TEXT: Final = "string"
_COLUMNS: Final = {
    "target": _TEXT,
    "name": _TEXT,
    "path": _TEXT,
    "python": _TEXT,
    "implementation": _TEXT,
    "free_threaded": "boolean",
    "gil_enabled": "boolean",
    "status": _TEXT,
    "reason": _TEXT,
    "install": _TEXT,
    "label": _TEXT,
    "alone_per_s": "float64",
    "alone": "float64",
    "alone_low": "float64",
    "alone_high": "float64",
    "best": _TEXT,
    "best_per_s": "float64",
    "gain": "float64",
    "gain_low": "float64",
    "gain_high": "float64",
    "fastest": "boolean",
    "results_compared": "Int64",
    "results_differing": "Int64",
}


def pythons_frame(record: PythonsRecord) -> pd.DataFrame:
    """One row per Python."""
    rows = [_row(record, number, one) for number, one in enumerate(record.pythons)]
    return pd.DataFrame(printable(rows), columns=list(_COLUMNS)).astype(_COLUMNS)


def trials_frame(record: PythonsRecord) -> pd.DataFrame:
    """One row per Python and trial."""
    made = [_with_name(one) for one in record.pythons if one.result is not None and one.result.trials]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame({"name": pd.Series(dtype=_TEXT)})


def _with_name(one: PythonRecord) -> pd.DataFrame:
    assert one.result is not None
    table = frames.trials_frame(one.result)
    table.insert(0, "name", pd.Series([one.name] * len(table), dtype=_TEXT))
    return table


def _row(record: PythonsRecord, number: int, one: PythonRecord) -> dict[str, Any]:
    plain = ("name", "path", "python", "implementation", "free_threaded", "status", "reason", "install", "best")
    return {
        "target": record.target,
        **{field: getattr(one, field) for field in (*plain, "results_compared", "results_differing")},
        "gil_enabled": one.result.environment.gil_enabled if one.result else None,
        "label": one.result.classification.label if one.result else None,
        "alone_per_s": median(one.alone_rates_per_s) if one.alone_rates_per_s else None,
        "best_per_s": median(one.best_rates_per_s) if one.best_rates_per_s else None,
        **dict(_ratio("alone", one.alone)),
        **dict(_ratio("gain", one.gain)),
        "fastest": None if record.fastest is None else number == record.fastest,
    }


def _ratio(name: str, ratio: Ratio | None) -> Iterator[tuple[str, float | None]]:
    yield name, ratio.value if ratio else None
    yield f"{name}_low", ratio.low if ratio else None
    yield f"{name}_high", ratio.high if ratio else None
