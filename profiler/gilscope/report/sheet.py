"""A report that is one table: for people the table and a note on each row, for programs the rows as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gilscope.report.ledgers import Slice
    from gilscope.report.tables import Table

__all__ = ["Bar", "Sheet"]


@dataclass(frozen=True)
class Bar:
    """Where the wall clock of a row went."""

    name: str
    wall: str
    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class Sheet:
    """The strings are fit to be shown; ``rows`` are not touched."""

    schema: str
    """What the JSON file calls itself."""
    title: str
    remarks: tuple[str, ...]
    table: Table
    notes_title: str
    notes: tuple[tuple[str, str], ...]
    about: dict[str, Any]
    """What JSON tells beside the rows."""
    rows: tuple[dict[str, Any], ...]
    """One for each line of the table, the same fields in all; None is unknown."""
    bars: tuple[Bar, ...] = ()
    rows_name: str = "functions"
    """What JSON calls the rows."""
    source: str = "recorded profiles"
    """What it was drawn from."""
    motto: str = "learned from real calls"
    """What gilscope did, for the head of a page."""
