"""CSV: of results long, one row per target, trial and round. An empty cell is unknown."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from gilscope.report.clean import printable
from gilscope.report.frames import long_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import Result
    from gilscope.report.sheet import Sheet

__all__ = ["render", "render_sheet"]


def render(results: Sequence[Result]) -> str:
    """The rounds of every trial of every result, the trial's own figures and its ledger repeated in each."""
    frame = long_frame([printable(result) for result in results])
    return frame.to_csv(index=False, lineterminator="\n")


def render_sheet(sheet: Sheet) -> str:
    """A row for each function."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(sheet.rows[0]) if sheet.rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(printable(row) for row in sheet.rows)
    return text.getvalue()
