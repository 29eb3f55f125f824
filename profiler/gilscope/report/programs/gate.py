"""A gate on a program as a sheet: each condition, and whether it lets it pass."""

from __future__ import annotations

from collections.abc import Sequence

from gilscope.decide.program_gate import ProgramJudged
from gilscope.records.programs import ProgramRecord
from gilscope.report.document import Row, Table, headed
from gilscope.report.sheet import Sheet, tabled

__all__ = ["program_gate_sheet"]


def program_gate_sheet(judged: Sequence[ProgramJudged], record: ProgramRecord) -> Sheet:
    """Every condition with its evidence."""
    failed = sum(not each.passed for each in judged)
    title = f"Failed: {failed} of {len(judged)}" if failed else f"Passed: all {len(judged)}"
    titles = ("condition", "seen", "outcome")
    rows = tuple(Row((str(each.condition), each.told, _outcome(each))) for each in judged)
    return Sheet(
        document=tabled(
            title, (record.verdict.sentence,), Table(headed(titles, texts=titles), rows, about="the conditions")
        ),
        schema="gilscope.check/1",
        about={"passed": not failed, "program": record.command},
        rows=tuple(
            {
                "condition": str(each.condition),
                "value": each.value,
                "limit": each.condition.limit,
                "outcome": _outcome(each),
            }
            for each in judged
        ),
        rows_name="conditions",
        motto="watched from outside",
        source="the saved record",
    )


def _outcome(each: ProgramJudged) -> str:
    return "passed" if each.passed else "unknown" if each.value is None else "failed"
