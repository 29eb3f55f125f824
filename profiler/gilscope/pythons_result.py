"""`PythonsResult`: the record of one function under several Pythons, with what one does with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gilscope import report
from gilscope.records.pythons import PythonsRecord
from gilscope.report.clean import printable
from gilscope.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PythonsResult"]


class PythonsResult(PythonsRecord, frozen=True, kw_only=True):
    """What one function did under several Pythons, side by side. Draw it in any format; save it with ``to_json``."""

    def __repr__(self) -> str:
        """The verdict, on one line."""
        return f"<{type(self).__name__}: {printable(self.verdict)}>"

    @property
    def results(self) -> dict[str, Result]:
        """The whole analysis under each Python that has one, by its name."""
        told = {one.name: one.result for one in self.pythons if one.result is not None}
        return {
            name: Result(**{field: getattr(result, field) for field in result.__struct_fields__})
            for name, result in told.items()
        }

    def pythons_frame(self) -> pd.DataFrame:
        """One row per Python: what it is, what became of it, its ratios to the first and its best configuration."""
        from gilscope.report.pythons import frames  # only here: pandas takes longer to import than all the rest

        return frames.pythons_frame(self)

    def trials_frame(self) -> pd.DataFrame:
        """One row per Python and trial, with the columns of `gilscope.Result.trials_frame`."""
        from gilscope.report.pythons import frames

        return frames.trials_frame(self)

    def to_json(self, path: str | Path | None = None) -> str:
        """The record as JSON; also written to ``path``, atomically, when given. `gilscope.load` reads it."""
        return self._render("json", path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """A row per Python; also written to ``path`` when given."""
        return self._render("csv", path)

    def to_html(self, path: str | Path | None = None) -> str:
        """One offline HTML page: all side by side, then each; also written to ``path`` when given."""
        return self._render("html", path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Markdown for a pull request; also written to ``path`` when given."""
        return self._render("md", path)

    def to_text(self, path: str | Path | None = None) -> str:
        """What the terminal shows, as plain text; also written to ``path`` when given."""
        return self._render("text", path)

    def _repr_html_(self) -> str:
        """What a notebook shows: the most important of it, as markup without script."""
        from gilscope.report import notebook
        from gilscope.report.pythons.document import pythons_document

        return notebook.fragment(pythons_document(self))

    def _render(self, format_name: str, path: str | Path | None) -> str:
        text = report.render(self, format_name)
        if path is not None:
            report.write_text(path, text)
        return text
