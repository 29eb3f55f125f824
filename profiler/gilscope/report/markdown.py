"""Markdown, short enough for a pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gilscope.report import facts, foresight, plans, tables
from gilscope.report.clean import printable
from gilscope.report.ledgers import ledger_bars
from gilscope.report.verdicts import grounds, sentence, short_name, verdict_sentence
from gilscope.units import confidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gilscope.records import ResultRecord
    from gilscope.report.sheet import Sheet

__all__ = ["escape", "render", "render_sheet"]

#: What Markdown or GitHub may take for markup. An underscore within a word is safe; names are full of them.
_SPECIAL: Final = re.compile(r"[\\`*\[\]{}|~#$]|(?<!\w)_|_(?!\w)")
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": " "})


def render(results: Sequence[ResultRecord]) -> str:
    """A section per result, after a table of all verdicts when there are several."""
    clean = [printable(result) for result in results]
    parts = [_table(tables.summary(clean))] if len(clean) > 1 else []
    parts += ["\n\n".join(_section(result)) for result in clean]
    return "\n\n".join(parts) + "\n"


def render_sheet(sheet: Sheet) -> str:
    """A heading, the table, and a list of notes."""
    head = [f"## {escape(sheet.title)}", *(escape(remark) for remark in sheet.remarks)]
    table = [_table(sheet.table)] if sheet.table.rows else []
    return "\n\n".join([*head, *table, *_listed(sheet.notes_title, list(sheet.notes))]) + "\n"


def _section(result: ResultRecord) -> Iterator[str]:
    advice = result.recommendation
    yield f"## {escape(short_name(result.target.spec))}"
    yield f"**{escape(verdict_sentence(result))}**"
    yield escape(f"Confidence: {confidence(advice.confidence)}. {grounds(result)}")
    yield escape(f"{sentence(result.classification.reason)} {facts.solo_sentence(result)}")
    yield from (f"_{escape(remark)}_" for remark in facts.remarks(result))
    yield from (_folded(f"Code to paste, {caller}", fenced(code, "python")) for caller, code in facts.codes(result))
    yield from _grouped(result)
    yield from _measured(result)
    if result.capacity is not None:
        yield f"**{escape(plans.plan(result))}**"
    yield from _listed("Why not the others", tables.alternatives(result))
    yield from _listed("Findings", _findings(result))
    yield from _details(result)


def _measured(result: ResultRecord) -> Iterator[str]:
    if result.trials:
        yield _table(tables.configurations(result).brief())
    notes = tables.trial_notes(result)
    if notes:
        yield _list(notes)
    if foresight.noise(result):
        yield escape(foresight.noise(result))


def _grouped(result: ResultRecord) -> Iterator[str]:
    if result.groups:
        yield "### Calls differ in kind: the verdict is an average over these groups"
        yield _table(foresight.groups(result))


def _findings(result: ResultRecord) -> list[tuple[str, str]]:
    return [
        (f"{found.severity}, {found.title}", f"{sentence(found.evidence)} {found.advice}") for found in result.findings
    ]


def _details(result: ResultRecord) -> Iterator[str]:
    bars = ledger_bars(result)
    if bars:
        yield _folded("Where the workers' time went", _table(tables.ledger_shares(bars)))
    for title, table in (
        ("From what length of a call on a pool pays (by the model)", foresight.break_even(result)),
        ("Predicted by the queueing model", foresight.predictions(result)),
        ("On other machines (predicted, not measured)", foresight.elsewhere(result)),
        ("Machines under each task queue (simulated)", plans.fleets(result)),
        ("What the task queues cost, a task", plans.costs(result)),
        ("Settings of the task queues", plans.queue_settings(result)),
    ):
        if table.rows:
            yield _folded(title, _table(table))
    if result.hot:
        yield _folded("Hot lines", _table(tables.hot_lines(result)))
    if result.failure is not None:
        failure = result.failure
        raised = f"First exception ({failure.count:,} of {failure.calls:,} calls raised)"
        yield _folded(raised, fenced(failure.traceback or f"{failure.type}: {failure.message}"))
    around = [*facts.target_facts(result), *facts.environment(result.environment)]
    yield _folded("Circumstances", _list([*around, *facts.instrument(result.instrument)]))


def escape(text: str) -> str:
    """``text`` as Markdown that shows it literally, on one line."""
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", text.translate(_ENTITIES))


def fenced(text: str, language: str = "") -> str:
    """A code block whose fence is longer than any run of backticks inside it."""
    runs = [len(run) for run in re.findall(r"`+", text)]
    fence = "`" * max(3, 1 + max(runs, default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _table(table: tables.Table) -> str:
    head = [escape(column.title) for column in table.columns]
    rule = ["--:" if column.numeric else ":--" for column in table.columns]
    body = [[escape(cell) for cell in row.cells] for row in table.rows]
    for row, cells in zip(table.rows, body, strict=True):
        cells[0] = f"**{cells[0]}**" if row.chosen else cells[0]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *body])


def _listed(title: str, items: list[tuple[str, str]]) -> Iterator[str]:
    if items:
        yield f"### {title}"
        yield _list(items)


def _list(items: list[tuple[str, str]]) -> str:
    return "\n".join(f"- **{escape(name)}**: {escape(text)}" for name, text in items)


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
