"""A document that is one table, with its rows for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gilscope.report.bounds import fitted
from gilscope.report.document import Document, Documents, Items, Paragraph, Section, Table

__all__ = ["Sheet", "notes", "tabled"]


@dataclass(frozen=True)
class Sheet:
    """The document's strings are fit to be shown; those of the rows are as they are."""

    document: Document
    schema: str
    """What the JSON file calls itself."""
    about: dict[str, Any]
    """What JSON tells beside the rows."""
    rows: tuple[dict[str, Any], ...]
    """One for each line of the table, the same fields in all; None is unknown."""
    rows_name: str = "functions"
    """What JSON calls the rows."""
    motto: str = "learned from real calls"
    source: str = "recorded profiles"

    @property
    def documents(self) -> Documents:
        """It alone, as people read it."""
        return Documents([self.document], [self.document], motto=self.motto, source=self.source)


def tabled(
    title: str, remarks: Sequence[str], table: Table, *others: Section, first: Sequence[Section] = ()
) -> Document:
    """A document that is one table, before what else there is but for what is to be read first; fit to be shown."""
    lead = tuple(Paragraph(remark, "soft") for remark in remarks)
    figures = (Section("Figures", (table,)),) if table.rows else ()
    return fitted(Document(title, lead=lead, sections=(*first, *figures, *others)))


def notes(title: str, pairs: Iterable[tuple[str, str]]) -> tuple[Section, ...]:
    """What is said of each row; no section where nothing is."""
    told = tuple(pairs)
    return (Section(title, (Items(told),)),) if told else ()
