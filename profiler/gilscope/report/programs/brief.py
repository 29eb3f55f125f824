"""What a terminal tells of a program unasked: the limit, what to do with the commands to type, who waited for whom, and
what kept the event loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from msgspec import structs

from gilscope.decide.program_limit import ENOUGH
from gilscope.records.captures import Capture
from gilscope.records.programs import Advice, LoopAccount, ProgramRecord
from gilscope.report.bounds import fitted
from gilscope.report.document import Block, Code, Document, Items, Paragraph, Row, Section, Table
from gilscope.report.programs import waits
from gilscope.report.programs.captured import unreached
from gilscope.report.programs.names import command_told
from gilscope.report.programs.next_steps import Steps, steps_of
from gilscope.report.programs.watched import remarks, watched
from gilscope.units import counted, duration, thousands

__all__ = ["nothing_to_win", "program_brief"]

#: Things to do, remarks, and rows of a table.
_MOST_ADVICES, _MOST_REMARKS, _MOST_ROWS = 2, 2, 5
#: Characters of the sentence; of a remark, and of an advice; of a command, which is told whole or not at all.
_MOST_SENTENCE, _MOST_WORDS, _MOST_COMMAND = 400, 150, 320
_LONG_COMMANDS: Final = "The commands to type next are long: -v has them."
_NOTHING: Final = "Nothing: what could be changed in the program would win next to nothing."
_TOO_LITTLE: Final = "Too little was seen to say: watch it for longer, or with a larger --overhead."


def program_brief(record: ProgramRecord) -> Document:
    """The short document on it."""
    waited, kept = _blame(record), _blocks(record)
    first = (kept, waited) if record.verdict.limit == "loop" else (waited, kept)
    sections = [Section("", (table,)) for table in (*first, _lags(record)) if table is not None and table.rows]
    return fitted(
        Document(
            title=_clipped(record.verdict.sentence, _MOST_SENTENCE),
            name=record.command,
            lead=(watched(record, command_told(record.command)), *_remarks(record)),
            sections=(Section("", tuple(_what_to_do(record))), *sections),
        )
    )


def nothing_to_win(record: ProgramRecord) -> str:
    """Why there is no advice."""
    return _NOTHING if record.account.samples >= ENOUGH else _TOO_LITTLE


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _remarks(record: ProgramRecord) -> Iterator[Paragraph]:
    told = [*remarks(record), *(unreached(record.capture) if record.capture else ())]
    for remark in told[:_MOST_REMARKS]:
        yield replace(remark, text=_clipped(remark.text, _MOST_WORDS))
    if len(told) > _MOST_REMARKS:
        yield Paragraph(f"and {thousands(len(told) - _MOST_REMARKS)} more remarks: -v", "warning")


# ---- what to do ----


def _what_to_do(record: ProgramRecord) -> Iterator[Block]:
    advice, steps = record.verdict.advice, steps_of(record, _MOST_ADVICES)
    if not advice:
        yield Items((("What to do", _lowered(nothing_to_win(record))),))
    else:
        more = len(advice) - _MOST_ADVICES
        told = [(f"{duration(each.to_win_s)} to be won", _advised(each)) for each in advice[:_MOST_ADVICES]]
        yield Items(tuple(told))
        yield from [Paragraph(f"and {thousands(more)} more: -v", "soft")] if more > 0 else []
    if record.capture is not None:
        yield Paragraph(_kept(record.capture), "soft")
    if steps is not None:
        yield _commands(steps)


def _advised(advice: Advice) -> str:
    return _clipped(advice.brief or advice.sentence, _MOST_WORDS)


def _commands(steps: Steps) -> Block:
    if max(map(len, steps.text.splitlines())) > _MOST_COMMAND:
        return Paragraph(_LONG_COMMANDS, "soft")
    return Code(steps.text, "commands to type", language="sh")


def _kept(capture: Capture) -> str:
    calls = counted(sum(function.kept for function in capture.functions), "call")
    functions = counted(len(capture.functions), "function")
    return _clipped(f"Of {functions}, {calls} are kept in {capture.folder}.", _MOST_WORDS)


# ---- who waited, and what kept loops ----


def _blame(record: ProgramRecord) -> Table | None:
    table = _table(waits.blame(record), -1)
    return table and _renamed(_first(table, table.rows), waiting="waited for the GIL")


def _blocks(record: ProgramRecord) -> Table | None:
    table = _of_loops(record, 1, lambda loop: sum(block.total_s for block in loop.blocked))
    return table and _renamed(_first(table, table.rows), **{"blocked by": "event loop blocked by"})


def _lags(record: ProgramRecord) -> Table | None:
    table = _of_loops(record, 0, lambda loop: loop.running_s)
    return table and _first(table, table.rows)


def _of_loops(record: ProgramRecord, at: int, figure: Callable[[LoopAccount], float]) -> Table | None:
    """One of the tables on them, the loop with the most first."""
    ordered = sorted(record.loops, key=figure, reverse=True)
    return _table(waits.loops(structs.replace(record, loops=tuple(ordered))), at)


def _table(section: Section | None, at: int) -> Table | None:
    blocks = [] if section is None else section.blocks
    tables = [block for block in blocks if isinstance(block, Table)]
    return tables[at] if -len(tables) <= at < len(tables) else None


def _first(table: Table, rows: Sequence[Row]) -> Table:
    return replace(table, rows=tuple(rows[:_MOST_ROWS]), left_out=max(0, len(rows) - _MOST_ROWS), usual=None)


def _renamed(table: Table, **titles: str) -> Table:
    columns = (replace(column, title=titles.get(column.title, column.title)) for column in table.columns)
    return replace(table, columns=tuple(columns))
