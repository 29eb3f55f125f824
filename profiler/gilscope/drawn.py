"""What all results have in common: each can be drawn in any format, and saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gilscope import report

if TYPE_CHECKING:
    from gilscope.report.document import Document

__all__ = ["Drawn"]


class Drawn:
    """A record with what draws it. CSV has the rows of its frames, JSON all of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """All of it in a sentence, on one line."""
        return f"<{type(self).__name__}: {self._sentence()}>"

    def to_json(self, path: str | Path | None = None) -> str:
        """The record as JSON; also written to ``path``, atomically, when given. `gilscope.load` reads it."""
        return self._render("json", path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """Its frames as CSV; also written to ``path`` when given."""
        return self._render("csv", path)

    def to_html(self, path: str | Path | None = None) -> str:
        """One offline HTML page; also written to ``path`` when given."""
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

        return notebook.fragment(self._document())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002  as IPython calls it
        """What IPython shows in a terminal: the text report."""
        printer.text(self.to_text().rstrip())

    def _sentence(self) -> str:
        raise NotImplementedError

    def _content(self) -> Any:
        """What `gilscope.report.render` draws."""
        return self

    def _document(self) -> Document:
        """All of it as one document."""
        return next(iter(report.documents(self._content()).whole))

    def _render(self, format_name: str, path: str | Path | None) -> str:
        text = report.render(self._content(), format_name)
        if path is not None:
            report.write_text(path, text)
        return text
