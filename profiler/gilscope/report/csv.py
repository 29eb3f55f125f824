"""CSV: of results long, one row per target, trial and round. An empty cell is unknown.

Text that a spreadsheet would run as a formula gets an apostrophe before it, and so does the empty text, which would
be taken for unknown; `read_csv` takes it away again.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from gilscope.errors import LoadError
from gilscope.report.clean import printable
from gilscope.report.columns import CATEGORY, dtype_of, series
from gilscope.report.frames import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gilscope.records import ResultRecord
    from gilscope.report.sheet import Sheet

__all__ = ["read_csv", "render", "render_sheet", "to_csv"]

#: What OWASP's page on CSV injection lists, the full-width signs included. Apostrophes before it are let through, so
#: that what was guarded can be told from what was not.
_UNSAFE: Final = re.compile(r"'*(?:[=+\-@\t\r\n＝＋－＠]|\Z)")


def render(results: Sequence[ResultRecord]) -> str:
    """The rounds of every trial of every result, the trial's own figures and its ledger repeated in each."""
    return to_csv(frame(results))


def render_sheet(sheet: Sheet) -> str:
    """A row for each function."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(sheet.rows[0]) if sheet.rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _guarded(cell) for name, cell in printable(row).items()} for row in sheet.rows)
    return text.getvalue()


def to_csv(table: pd.DataFrame) -> str:
    """Any of the frames as CSV that `read_csv` reads back; the index is left out."""
    texts = {name: table[name].astype("object").map(_guarded) for name in table.columns if not _is_figures(table[name])}
    return table.assign(**texts).to_csv(index=False, lineterminator="\n")


def read_csv(path: str | Path) -> pd.DataFrame:
    """The frame that was written, its types and categories included. Columns that no frame has pandas finds a type for.

    :raises LoadError: when the file cannot be read, is no CSV, or has text where a figure belongs
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:  # a spreadsheet that saved it may have marked it
            names = list(pd.read_csv(file, nrows=0).columns)
            file.seek(0)
            dtypes = {name: dtype for name in names if (dtype := _dtype(name))}
            table = pd.read_csv(file, dtype=dtypes, na_values=[""], keep_default_na=False, low_memory=False)
        return table.assign(**{name: _as_written(table[name]) for name in names if not _is_figures(table[name])})
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LoadError(f"cannot load {str(path)!r}: {reason}; give a CSV file that gilscope wrote") from error


def _dtype(name: str) -> str | None:
    """What pandas is to read a column as. Fractions as text: which of its ways to read them is exact has changed."""
    dtype = dtype_of(name)
    return "string" if dtype in (CATEGORY, "float64") else dtype


def _as_written(column: pd.Series[Any]) -> pd.Series[Any]:
    name = str(column.name)
    dtype = dtype_of(name) or "string"
    read: Callable[[str], Any] = float if dtype == "float64" else _unguarded
    return series(name, dtype, [read(cell) if isinstance(cell, str) else None for cell in column])


def _is_figures(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column)  # booleans too


def _guarded(cell: Any) -> Any:
    """``cell`` so that no spreadsheet runs it. A figure is left alone: only text is ever run."""
    return f"'{cell}" if isinstance(cell, str) and _UNSAFE.match(cell) else cell


def _unguarded(text: str) -> str:
    return text[1:] if text[:1] == "'" and _UNSAFE.match(text, 1) else text
