"""CSV: long, one row per target, trial and round. An empty cell is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.report.clean import printable
from gilscope.report.frames import long_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.records import Result

__all__ = ["render"]


def render(results: Sequence[Result]) -> str:
    """The rounds of every trial of every result, the trial's own figures and its ledger repeated in each."""
    frame = long_frame([printable(result) for result in results])
    return frame.to_csv(index=False, lineterminator="\n")
