"""Markdown, short enough for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gilscope.report.document import (
    FEW,
    Block,
    Code,
    Detail,
    Document,
    Documents,
    Facts,
    Items,
    Lines,
    Notice,
    Paragraph,
    Picture,
    Section,
    Table,
)
from gilscope.report.pictures import IntervalChart
from gilscope.report.verdicts import sentence
from gilscope.units import thousands

__all__ = ["escape", "fenced", "render"]

#: What Markdown or GitHub may take for markup. An underscore within a word is safe; names are full of them.
_SPECIAL: Final = re.compile(r"[\\`*\[\]{}|~#$]|(?<!\w)_|_(?!\w)")
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": " "})
#: Rows of a table, things of a sort: a pull request takes no page.
_MOST: Final = FEW
_TONES: Final = {"plain": "", "soft": "", "strong": "**", "warning": "_"}


def render(documents: Documents) -> str:
    """A part per document, after a table of all when there are several."""
    parts = [] if documents.overview is None else [_table(documents.overview)]
    room = Detail.THOROUGH
    parts += [part for document in documents.within(room) for part in _document(document.within(room))]
    return "\n\n".join(parts) + "\n"


def _document(document: Document) -> Iterator[str]:
    yield f"## {escape(document.name or document.title)}"
    if document.name:
        yield f"**{escape(document.title)}**"
    if document.verdict is not None:
        yield escape(f"{document.verdict.sure} {document.verdict.grounds}".strip())
        if document.verdict.consequences:
            yield escape(document.verdict.consequences)
    yield from map(_block, document.lead)
    for section in document.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    """What is long, or is not needed at once, is folded."""
    if section.detail >= Detail.USUAL:
        yield _folded(section.heading, "\n\n".join(map(_block, section.blocks)))
        return
    if not all(map(_is_long, section.blocks)):
        yield f"### {escape(section.heading)}"
    for block in section.blocks:
        yield _folded(_summary(section, block), _block(block)) if _is_long(block) else _block(block)


def _is_long(block: Block) -> bool:
    return isinstance(block, Code | Lines | Picture) and not isinstance(block, IntervalChart)


def _summary(section: Section, block: Block) -> str:
    return (
        block.about.capitalize()
        if isinstance(block, Code) and (block.aside or block.language == "sh")
        else section.heading
    )


def _block(block: Block) -> str:
    match block:
        case Paragraph(text, tone):
            return f"{_TONES[tone]}{escape(text)}{_TONES[tone]}"
        case Notice(finding):
            page = f" ({finding.page})" if finding.page else ""
            told = f"{sentence(finding.evidence)} {finding.advice}{page}"
            return _list(((f"{finding.severity}, {finding.title}", told),))
        case Items(pairs) | Facts(pairs):
            return _list(pairs)
        case Code(text, language=language):
            return fenced(text, language)
        case Lines(text):
            return fenced(text)
        case Table():
            return _table(block.brief())
        case Picture(table=Table() as table):
            return _table(table.brief())
    return ""


def escape(text: str) -> str:
    """``text`` as Markdown that shows it literally, on one line."""
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", text.translate(_ENTITIES))


def fenced(text: str, language: str = "") -> str:
    """A code block whose fence is longer than any run of backticks inside it."""
    runs = [len(run) for run in re.findall(r"`+", text)]
    fence = "`" * max(3, 1 + max(runs, default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _table(table: Table) -> str:
    head = [escape(column.title) for column in table.columns]
    rule = ["--:" if column.numeric else ":--" for column in table.columns]
    body = [[escape(cell) for cell in row.cells] for row in table.rows[:_MOST]]
    for row, cells in zip(table.rows[:_MOST], body, strict=True):
        cells[0] = f"**{cells[0]}**" if row.chosen else cells[0]
    drawn = "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *body])
    return drawn + _rest(len(table.rows))


def _list(pairs: tuple[tuple[str, str], ...]) -> str:
    drawn = "\n".join(f"- **{escape(name)}**: {escape(text)}" for name, text in pairs[:_MOST])
    return drawn + _rest(len(pairs))


def _rest(count: int) -> str:
    return f"\n\n{thousands(count - _MOST)} more: the JSON and HTML reports have them." if count > _MOST else ""


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{escape(title)}</summary>\n\n{body}\n\n</details>"
