"""`ProgramResult`: the record of a program that was watched, with what one does with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gilscope.drawn import Saved
from gilscope.records.programs import ProgramRecord
from gilscope.report.clean import printable
from gilscope.report.saved import program_of

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd

__all__ = ["ProgramResult"]


class ProgramResult(Saved, ProgramRecord, frozen=True, kw_only=True):
    """Everything that watching a program told. Draw it in any format; save it with ``to_json``."""

    def _sentence(self) -> str:
        return printable(self.verdict.sentence)

    @classmethod
    def _read(cls, name: str | Path, found: Any) -> Self:
        return program_of(name, found, cls)

    def processes_frame(self) -> pd.DataFrame:
        """One row per process: seconds of all its threads by state."""
        return self._frame("processes_frame")

    def threads_frame(self) -> pd.DataFrame:
        """One row per thread: its wall clock by state."""
        return self._frame("threads_frame")

    def functions_frame(self) -> pd.DataFrame:
        """One row per function: thread-seconds by state, its own (``self_``) and with what it calls (``total_``)."""
        return self._frame("functions_frame")

    def blame_frame(self) -> pd.DataFrame:
        """One row per pair of functions: the one waited for the GIL while the other held it."""
        return self._frame("blame_frame")

    def holds_frame(self) -> pd.DataFrame:
        """One row per function that held the GIL: how often and how long while others wanted it."""
        return self._frame("holds_frame")

    def loops_frame(self) -> pd.DataFrame:
        """One row per event loop and function that kept it."""
        return self._frame("loops_frame")

    def locks_frame(self) -> pd.DataFrame:
        """One row per lock other than the GIL and place where it was waited for."""
        return self._frame("locks_frame")

    def moments_frame(self) -> pd.DataFrame:
        """One row per stretch of the time: GIL held, threads waiting for it, CPUs used, run queue."""
        return self._frame("moments_frame")

    def _frame(self, name: str) -> pd.DataFrame:
        from gilscope.report.programs import frames

        made: pd.DataFrame = getattr(frames, name)(self)
        return made
