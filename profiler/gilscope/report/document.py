"""The document: what a report says, made once from a record and drawn by every format that people read.

A document has sections, and a section blocks. A format knows how to draw each kind of block, and which `Detail` it has
room for; it knows of no section. Strings are plain and harmless; a format escapes them as it must.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import compress
from typing import Any, Final, Literal, NamedTuple

from gilscope.records import Finding
from gilscope.units import DASH, UNKNOWN, duration

__all__ = [
    "BLANK",
    "FEW",
    "MANY",
    "NOTHING",
    "NOT_APPLICABLE",
    "Block",
    "Code",
    "Column",
    "Detail",
    "Document",
    "Documents",
    "Facts",
    "Items",
    "Lines",
    "Notice",
    "Paragraph",
    "Picture",
    "Row",
    "Section",
    "Table",
    "Verdict",
    "headed",
    "known_quantile",
    "or_dash",
]

#: A dash is no unknown: where nothing is pickled, there is nothing to measure.
NOT_APPLICABLE: Final = DASH
NOTHING: Final = "none"
#: Things of a sort where nobody sorts or searches them, and rows of a page, where everybody can.
FEW, MANY = 100, 2_000
#: Cells that tell nothing.
BLANK: Final = frozenset({"", UNKNOWN, NOT_APPLICABLE, NOTHING})


def or_dash(show: Callable[[Any], str], value: float | None) -> str:
    """A figure, or the dash that says there is nothing to measure."""
    return NOT_APPLICABLE if value is None else show(value)


def known_quantile(seconds: float | None, count: int, enough: int) -> str:
    """A quantile of so many lengths; of fewer than are enough for one, a dash."""
    return duration(seconds) if count >= enough else NOT_APPLICABLE


class Detail(IntEnum):
    """How much room a reader gives: each has what the ones before have."""

    SUMMARY = 0
    """A few lines: `gilscope.Result.summary`."""
    BRIEF = 1
    """What a notebook keeps with a cell."""
    USUAL = 2
    """A terminal that was asked for more."""
    THOROUGH = 3
    """One that was asked for all, a text file, a pull request."""
    FULL = 4
    """A page."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A part of a section."""

    detail: Detail = Detail.SUMMARY
    """The least room that has it."""


# ---- words ----


@dataclass(frozen=True)
class Paragraph(Block):
    """A sentence or more."""

    text: str
    tone: Literal["plain", "soft", "strong", "warning"] = "plain"


@dataclass(frozen=True)
class Notice(Block):
    """Something worth knowing, its evidence, and what to do about it."""

    finding: Finding
    named: bool = False
    """Whether it is only named here, and told elsewhere."""


@dataclass(frozen=True)
class Items(Block):
    """What is said of each of several things, after its name."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Facts(Block):
    """Names and values."""

    pairs: tuple[tuple[str, str], ...]
    title: str = ""


@dataclass(frozen=True)
class Code(Block):
    """A program to paste, whole."""

    text: str
    about: str
    """What it is, for whom."""
    aside: bool = False
    """Whether it is one for other readers: folded, or only told of."""
    language: str = "python"
    """``sh`` of commands."""


@dataclass(frozen=True)
class Lines(Block):
    """A traceback or an output."""

    text: str
    folded: bool = False
    about: str = ""
    """What it is, where the section does not say it."""


# ---- tables ----


@dataclass(frozen=True)
class Column:
    """A heading, and how its cells are set."""

    title: str
    numeric: bool = True
    brief: bool = True
    """Whether a narrow table has it too."""


def headed(
    titles: Iterable[str], texts: Collection[str] = (), brief: Collection[str] | None = None
) -> tuple[Column, ...]:
    """Columns of figures, but for ``texts``; a narrow table has all of them, or those in ``brief``."""
    return tuple(Column(title, title not in texts, brief is None or title in brief) for title in titles)


@dataclass(frozen=True)
class Row:
    """The cells of a row."""

    cells: tuple[str, ...]
    chosen: bool = False
    """Whether it is the recommended configuration."""


@dataclass(frozen=True)
class Table(Block):
    """Strings in rows and columns."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    about: str = ""
    """What it shows, for those who hear it and where it is folded."""
    usual: int | None = None
    """Rows for a reader with less room than a page; None for all of them."""
    left_out: int | None = None
    """Further rows, of which only the number is told, and how to see them; None where nothing is said of them."""

    def brief(self) -> Table:
        """Only the columns for narrow tables."""
        return self._keep([column.brief for column in self.columns])

    def only(self, titles: Collection[str]) -> Table:
        """Only the columns that are called so, which a narrow table has too."""
        kept = self._keep([column.title in titles for column in self.columns])
        return replace(kept, columns=tuple(replace(column, brief=True) for column in kept.columns))

    def telling(self) -> Table:
        """Without the columns in which no row tells anything."""
        columns = range(len(self.columns))
        return self._keep([not {row.cells[at] for row in self.rows} <= BLANK for at in columns])

    def _keep(self, wanted: Sequence[bool]) -> Table:
        rows = tuple(replace(row, cells=tuple(compress(row.cells, wanted))) for row in self.rows)
        return replace(self, columns=tuple(compress(self.columns, wanted)), rows=rows)


# ---- pictures ----


@dataclass(frozen=True, kw_only=True)
class Picture(Block):
    """Something that a format may draw; one that cannot shows its figures."""

    about: str
    """What it shows, for those who do not see it."""
    table: Table | None = None
    """Its figures; None where another block has them."""


# ---- the whole ----


@dataclass(frozen=True)
class Section:
    """Blocks under a heading."""

    title: str
    blocks: tuple[Block, ...]
    subtitle: str = ""
    detail: Detail = Detail.SUMMARY
    """The least room that has any of it."""
    name: str = ""
    """By which it can be asked for."""
    front: bool = False
    """Whether a page begins with it, before the links to the rest."""

    @property
    def heading(self) -> str:
        """The title and what stands below it, on one line."""
        return f"{self.title} ({self.subtitle})" if self.subtitle else self.title


@dataclass(frozen=True)
class Verdict:
    """What stands beside the title of a document on one function."""

    spec: str
    context: str
    """Where and when it was measured, in a line."""
    confidence: str
    """In a word and a figure."""
    sure: str
    """The same as a sentence: how often it would hold, and what makes it surer; empty where nothing is recommended."""
    grounds: str
    consequences: str
    """What following it takes, and what giving it took."""
    gain: str
    gain_told: str
    is_sure: bool
    given_gain: str = ""
    """For the inputs given, where that is known."""
    given_told: str = ""


@dataclass(frozen=True)
class Document:
    """A report on one thing."""

    title: str
    """All of it in a sentence."""
    name: str = ""
    """What it is about, in a word; empty where the title says it."""
    lead: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    verdict: Verdict | None = None
    detail: Detail = Detail.SUMMARY
    """The least room that has any of it, where others are drawn with it."""

    def within(self, room: Detail, also: Collection[str] = ()) -> Document:
        """What there is room for, and all of the sections that are asked for by name."""
        kept = [(section, Detail.FULL if section.name in also else room) for section in self.sections]
        parts = (replace(part, blocks=_within(part.blocks, room)) for part, room in kept if part.detail <= room)
        return replace(self, lead=_within(self.lead, room), sections=tuple(part for part in parts if part.blocks))


def _within(blocks: Iterable[Block], room: Detail) -> tuple[Block, ...]:
    return tuple(_shortened(block, room) for block in blocks if block.detail <= room)


def _shortened(block: Block, room: Detail) -> Block:
    if room >= Detail.FULL or not isinstance(block, Table) or block.usual is None:
        return block
    return replace(block, rows=block.rows[: block.usual])


class Documents(NamedTuple):
    """What is drawn together."""

    whole: Iterable[Document]
    """Made one by one as they are drawn."""
    heads: Sequence[Document]
    """The same without lead and sections."""
    overview: Table | None = None
    """A row for each, where there are several."""
    motto: str = "how to run it, measured"
    """What gilscope did."""
    source: str = "the saved record"
    """What they were made from."""
    most_lines: int | None = None
    """Of a terminal that is not asked for more, all told; None for as many as it takes."""
    rest: str = ""
    """Where that terminal's reader finds the rest."""
    brief: Iterable[Document] | None = None
    """The same for that terminal; None where it gets the first of the whole."""
    asked: Collection[str] = ()
    """Sections that are told whole to whoever asks for more, by name."""

    def within(self, room: Detail) -> Iterable[Document]:
        """Those that there is room for."""
        return (document for document in self.whole if document.detail <= room)
