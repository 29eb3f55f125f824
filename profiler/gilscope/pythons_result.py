"""`PythonsResult`: the record of one function under several Pythons, with what one does with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gilscope.drawn import Saved
from gilscope.records.pythons import PythonsRecord
from gilscope.report.clean import printable
from gilscope.report.saved import pythons_of
from gilscope.result import Result

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd

__all__ = ["PythonsResult"]


class PythonsResult(Saved, PythonsRecord, frozen=True, kw_only=True):
    """What one function did under several Pythons, side by side. Draw it in any format; save it with ``to_json``."""

    def _sentence(self) -> str:
        return printable(self.verdict)

    @classmethod
    def _read(cls, name: str | Path, found: Any) -> Self:
        return pythons_of(name, found, cls)

    @property
    def results(self) -> dict[str, Result]:
        """The whole analysis under each Python that has one, by its name."""
        told = {one.name: one.result for one in self.pythons if one.result is not None}
        return {
            name: Result(**{field: getattr(result, field) for field in result.__struct_fields__})
            for name, result in told.items()
        }

    def summary(self) -> str:
        """The twenty lines that a terminal shows unasked: all side by side, and where the rest is."""
        from gilscope.report import text
        from gilscope.report.pythons.document import MOST_LINES, brief

        return text.summary(brief(self), MOST_LINES)

    def pythons_frame(self) -> pd.DataFrame:
        """One row per Python: what it is, what became of it, its ratios to the first and its best configuration."""
        from gilscope.report.pythons import frames  # only here: pandas takes longer to import than all the rest

        return frames.pythons_frame(self)

    def trials_frame(self) -> pd.DataFrame:
        """One row per Python and trial, with the columns of `gilscope.Result.trials_frame`."""
        from gilscope.report.pythons import frames

        return frames.trials_frame(self)
