"""The document on a program: the limit in a sentence, what to do, and all that was seen."""

from __future__ import annotations

from typing import Final

from gilscope.records.programs import Advice, ProgramRecord
from gilscope.report.bounds import fitted
from gilscope.report.brief import MOST_LINES
from gilscope.report.document import Detail, Document, Documents, Facts, Items, Paragraph, Section
from gilscope.report.programs.brief import nothing_to_win, program_brief
from gilscope.report.programs.next_steps import next_steps
from gilscope.report.programs.sections import WHOLE, program_sections
from gilscope.report.programs.watched import figures, remarks, watched
from gilscope.units import duration

__all__ = ["program_document", "program_documents"]

_FEW_ADVICES: Final = 3


def program_documents(record: ProgramRecord) -> Documents:
    """It alone, as people read it."""
    document = program_document(record)
    return Documents(
        [document],
        [document],
        motto="watched from outside",
        source="the saved record",
        most_lines=MOST_LINES,
        rest="More: -v and -vv; -o page.html, a page.",
        brief=[program_brief(record)],
        asked=WHOLE,
    )


def program_document(record: ProgramRecord) -> Document:
    """All that is drawn of a program."""
    return fitted(
        Document(
            title=record.verdict.sentence,
            name=record.command,
            lead=(
                watched(record, record.command),
                *remarks(record),
                Facts(tuple(figures(record)), detail=Detail.THOROUGH),
            ),
            sections=(_what_to_do(record), *program_sections(record)),
        )
    )


def _what_to_do(record: ProgramRecord) -> Section:
    advice = record.verdict.advice
    if not advice:
        nothing = Paragraph(nothing_to_win(record), "soft")
        return Section("What to do", (nothing,), name="advice", front=True)
    told = tuple((f"{duration(each.to_win_s)} to be won", _advised(each, record)) for each in advice)
    first, others = Items(told[:_FEW_ADVICES]), Items(told[_FEW_ADVICES:], detail=Detail.FULL)
    blocks = (first, *((others,) if others.pairs else ()), *next_steps(record, _FEW_ADVICES))
    return Section("What to do", blocks, "thread-seconds of the time watched, at most", name="advice", front=True)


def _advised(advice: Advice, record: ProgramRecord) -> str:
    alone = record.capture is None or advice.command is None  # without inputs, all commands come together
    return advice.sentence if alone else f"{advice.sentence} Next: {advice.command}"
