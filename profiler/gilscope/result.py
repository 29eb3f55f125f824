"""`Result`: the record of an analysis, with what one does with it: tables for pandas, reports in every format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gilscope.decide.recommended import recommended
from gilscope.drawn import Saved
from gilscope.records import ResultRecord, Trial
from gilscope.report.clean import printable
from gilscope.report.saved import load_error, read_all, results_of
from gilscope.report.verdicts import verdict_sentence

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd

__all__ = ["Result", "load", "load_all", "only"]

R = TypeVar("R", bound=ResultRecord)


class Result(Saved, ResultRecord, frozen=True, kw_only=True):
    """Everything one analysis learned about one target. Draw it in any format; save it with ``to_json``."""

    @property
    def verdict(self) -> str:
        """The whole analysis in a sentence."""
        return printable(verdict_sentence(self))

    @property
    def best(self) -> Trial | None:
        """The trial that is recommended; None where nothing is."""
        return recommended(self.recommendation, self.trials)

    def _sentence(self) -> str:
        return self.verdict

    @classmethod
    def _read(cls, name: str | Path, found: Any) -> Self:
        return only(name, results_of(name, found, cls))

    def trials_frame(self) -> pd.DataFrame:
        """One row per trial; units in the column names."""
        return self._frame("trials_frame")

    def ledger_frame(self) -> pd.DataFrame:
        """One row per trial with a ledger: a column of seconds per state, and the wall clock."""
        return self._frame("ledger_frame")

    def rounds_frame(self) -> pd.DataFrame:
        """One row per trial and round."""
        return self._frame("rounds_frame")

    def timeline_frame(self) -> pd.DataFrame:
        """One row per trial, worker thread and stretch of time in one state: ``start_s``, ``end_s``, ``state``."""
        return self._frame("timeline_frame")

    def findings_frame(self) -> pd.DataFrame:
        """One row per finding."""
        return self._frame("findings_frame")

    def summary(self) -> str:
        """The twenty lines that a terminal shows unasked: verdict, throughputs with their noise, warnings; and where
        the rest is."""
        from gilscope.report import text
        from gilscope.report.brief import MOST_LINES
        from gilscope.report.results import brief

        return text.summary(brief(self), MOST_LINES)

    def _frame(self, name: str) -> pd.DataFrame:
        from gilscope.report import frames  # only here: pandas takes longer to import than all the rest

        frame: pd.DataFrame = getattr(frames, name)(self)
        return frame

    def _content(self) -> list[ResultRecord]:
        return [self]


def load(path: str | Path) -> Result:
    """The one result saved in a JSON file.

    :raises LoadError: when it cannot be read, or holds several results
    """
    return only(path, load_all(path))


def only(path: str | Path, results: Sequence[R]) -> R:
    """The one result of a file.

    :raises LoadError: when it holds several
    """
    if len(results) != 1:
        raise load_error(path, f"it holds {len(results)} results; read them with gilscope.result.load_all")
    return results[0]


def load_all(path: str | Path) -> list[Result]:
    """The results saved in a JSON file: one record, or a list of records.

    :raises LoadError: when it is missing, truncated, not JSON, of another schema, or has wrong types
    """
    return read_all(path, Result)
