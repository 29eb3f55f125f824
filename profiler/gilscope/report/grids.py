"""Tables in a terminal: names are wrapped where there is no room, and figures are whole or left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import rich.table
from rich.cells import cell_len
from rich.console import JustifyMethod, RenderableType
from rich.text import Text

from gilscope.report.document import Column, Row, Table
from gilscope.report.terminal import Cell, OfWidth

__all__ = ["grid_of"]

#: What a word in a column keeps at least, and a column of short names whole, when figures are wide.
_NAME: Final = 14


def grid_of(table: Table, rows: Sequence[Row]) -> RenderableType:
    """These rows of the table."""
    return OfWidth(lambda width: _fitted(table, rows, width))


def _fitted(table: Table, rows: Sequence[Row], width: int) -> RenderableType:
    """With less between its columns where no name is broken then; without its last figures rather than with some that
    are cut."""
    needs = [_needs(column, [row.cells[at] for row in rows]) for at, column in enumerate(table.columns)]
    for widths in ([most for _, most in needs], [least for least, _ in needs]):
        for apart in (2, 1):
            if sum(widths) + apart * (len(widths) - 1) <= width:
                return _spaced(table, rows, apart)
    last = max((at for at, column in enumerate(table.columns) if at and column.numeric), default=None)
    if last is None:
        return _spaced(table, rows, 1)
    kept = Table((*table.columns[:last], *table.columns[last + 1 :]), ())
    return _fitted(kept, [replace(row, cells=(*row.cells[:last], *row.cells[last + 1 :])) for row in rows], width)


def _needs(column: Column, cells: Sequence[str]) -> tuple[int, int]:
    """The columns of a terminal that it takes at least, and with no line broken."""
    lines = [*cells, *_heading(column, cells).split("\n")]
    most = max(map(cell_len, lines))
    return (most if column.numeric or most <= _NAME else _longest_word(lines)), most


def _spaced(table: Table, rows: Sequence[Row], apart: int) -> rich.table.Table:
    grid = rich.table.Table(box=None, padding=(0, apart, 0, 0), header_style="dim", pad_edge=False)
    headings = [_heading(column, [row.cells[at] for row in rows]) for at, column in enumerate(table.columns)]
    tallest = max(heading.count("\n") for heading in headings)
    for at, (column, heading) in enumerate(zip(table.columns, headings, strict=True)):
        lowered = Text("\n" * (tallest - heading.count("\n")) + heading)
        justify: JustifyMethod = "right" if column.numeric else "left"
        texts = [] if column.numeric else [column.title, *(row.cells[at] for row in rows)]
        whole = all(cell_len(text) <= _NAME for text in texts)
        grid.add_column(lowered, justify=justify, no_wrap=whole, min_width=_longest_word(texts))
    for row in rows:
        pairs = zip(row.cells, table.columns, strict=True)
        cells = [Text(cell) if column.numeric else Cell(cell) for cell, column in pairs]
        grid.add_row(*cells, style="bold green" if row.chosen else None)
    return grid


def _heading(column: Column, cells: Sequence[str]) -> str:
    """Over figures, in lines no wider than these, so that columns stay narrow."""
    if not column.numeric:
        return column.title
    lines: list[str] = []
    widest = max(map(cell_len, [*cells, *column.title.split()]))
    for word in column.title.split():
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= widest:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def _longest_word(texts: Iterable[str]) -> int:
    """Columns that it needs, within reason: it is not cut before others are wrapped."""
    return min(max((cell_len(word) for text in texts for word in text.split()), default=0), _NAME)
