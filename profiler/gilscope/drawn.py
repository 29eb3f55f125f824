"""What all results have in common: each can be drawn in any format, saved, and read again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope import report
from gilscope.choosing import require_kind
from gilscope.report.saved import checked, decoded, load_error, parsed

if TYPE_CHECKING:
    from typing import Self

    from gilscope.report.document import Document

__all__ = ["Drawn", "Saved"]


class Drawn:
    """What draws a record. CSV has the rows of its frames, JSON all of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """All of it in a sentence, on one line."""
        return f"<{type(self).__name__}: {' '.join(self._sentence().split())}>"

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


class Saved(Drawn):
    """What also reads a record again."""

    __slots__ = ()

    @classmethod
    def from_json(cls, source: str | bytes | Path) -> Self:
        """One that was saved.

        :param source: the text that `to_json` gave, or the `pathlib.Path` of a file that holds it
        :raises LoadError: when it cannot be read, is of another sort, or holds several
        """
        require_kind("source", source, str | bytes | Path, "text of a result, nor the pathlib.Path of a file")
        if isinstance(source, Path):
            return cls._read(source, parsed(source))
        if isinstance(source, str) and source.strip() and source.lstrip()[0] not in "{[":
            raise load_error(source, "that is no JSON; of a file of that name, give a pathlib.Path")
        data = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
        return cls._read("<text>", decoded("<text>", data))

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """One from what `to_dict` gave.

        :raises LoadError: when a field is missing or of a wrong type, or the record is of another sort
        """
        require_kind("record", record, Mapping, "dict that to_dict gave")
        return cls._read("<dict>", checked("<dict>", dict(record)))

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON has it: dicts, lists, strings, numbers and None. `from_dict` reads it."""
        record: dict[str, Any] = msgspec.json.decode(self.to_json())
        return record

    @classmethod
    def _read(cls, name: str | Path, found: Any) -> Self:
        """One from what a file of that name says.

        :raises LoadError: when it is none
        """
        raise NotImplementedError
