"""Parts of documents, for tests that look into them."""

from __future__ import annotations

from typing import TypeVar

from gilscope.report.document import Block, Document, Items, Paragraph, Section, Table
from gilscope.report.sheet import Sheet

B = TypeVar("B", bound=Block)

__all__ = ["cells", "notes", "remarks", "table", "the"]


def the(kind: type[B], found: Section | Document | None) -> B:
    """The first block of a kind."""
    assert found is not None
    sections = found.sections if isinstance(found, Document) else (found,)
    return next(block for section in sections for block in section.blocks if isinstance(block, kind))


def table(found: Section | Sheet | None) -> Table:
    """The first table."""
    return the(Table, found.document if isinstance(found, Sheet) else found)


def cells(found: Section | Sheet | None) -> list[tuple[str, ...]]:
    """The cells of the first table."""
    return [row.cells for row in table(found).rows]


def remarks(sheet: Sheet) -> list[str]:
    """What is said before the table."""
    return [block.text for block in sheet.document.lead if isinstance(block, Paragraph)]


def notes(sheet: Sheet) -> dict[str, str]:
    """What is said of each row, below the table."""
    return dict(next(the(Items, section).pairs for section in reversed(sheet.document.sections) if _has_items(section)))


def _has_items(section: Section) -> bool:
    return any(isinstance(block, Items) for block in section.blocks)
