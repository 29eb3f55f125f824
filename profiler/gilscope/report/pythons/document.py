"""What people read of one function under several Pythons: all side by side, and on a page each in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Final

from gilscope.records import Account, ResultRecord, Trial
from gilscope.records.pythons import PythonRecord, PythonsRecord
from gilscope.report.bounds import MOST_BRIEF, fitted, harmless
from gilscope.report.brief import MOST_LINES as MOST_LINES_OF_ONE
from gilscope.report.document import (
    NOT_APPLICABLE,
    Block,
    Code,
    Detail,
    Document,
    Documents,
    Facts,
    Items,
    Paragraph,
    Row,
    Section,
    Table,
    headed,
)
from gilscope.report.palette import STATE_STYLES
from gilscope.report.pythons.side_by_side import all_figures, fastest_first, few_side_by_side, figures, side_by_side
from gilscope.report.results import document as document_of_result
from gilscope.report.sections.ledgers import slices
from gilscope.report.verdicts import configuration, sentence, short_name, verdict_sentence
from gilscope.units import UNKNOWN, counted, duration, number, times

__all__ = ["MOST_LINES", "brief", "pythons_document", "pythons_documents"]

#: Of a terminal, after the title: names of Pythons make it longer than others.
MOST_LINES: Final = MOST_LINES_OF_ONE - 2
#: Pythons in the short report: in the table, and of these in its place those that are not compared, with the reason.
_MOST_ROWS: Final = 6
_MOST_REASONS: Final = 3


def pythons_documents(record: PythonsRecord) -> Documents:
    """The one on all, then one on each that was analyzed, which only a page has room for."""
    first = pythons_document(record)
    analyzed = _analyzed(record)
    each = (_of_one(one, result) for one, result in analyzed)
    heads = [first, *(_head(first, one, result) for one, result in analyzed)]
    return Documents(
        chain([first], each),
        heads,
        motto="how to run it, and under which Python, measured",
        most_lines=MOST_LINES,
        rest="More: -v and -vv; -o report.html, a page.",
        brief=[brief(record)],
    )


def _head(first: Document, one: PythonRecord, result: ResultRecord) -> Document:
    name, title = harmless((one.name, _title(one, result)), MOST_BRIEF)
    return replace(first, name=name, title=title, detail=Detail.FULL)


def _of_one(one: PythonRecord, result: ResultRecord) -> Document:
    whole = document_of_result(result)
    name = harmless(one.name, MOST_BRIEF)
    return replace(whole, title=f"{name}: {whole.title}", name=f"{whole.name} under {name}", detail=Detail.FULL)


def _title(one: PythonRecord, result: ResultRecord) -> str:
    return f"{one.name}: {short_name(result.target.spec)}"


def pythons_document(record: PythonsRecord) -> Document:
    """All side by side."""
    more = (
        _code(record),
        _configurations(record),
        _ledgers(record),
        _each(record),
        _circumstances(record),
        all_figures(record),
    )
    lead = (*_lead(record), Facts(tuple(figures(record)), detail=Detail.FULL))
    return _document(record, lead, (side_by_side(record), _statuses(record), *more))


def brief(record: PythonsRecord) -> Document:
    """What a terminal shows unasked."""
    told = _few_reasons(record)
    rows = few_side_by_side(record, _MOST_ROWS - len(told))
    return _document(record, tuple(_lead(record)), (rows, Section("", told) if told else None))


def _document(record: PythonsRecord, lead: tuple[Block, ...], sections: Iterable[Section | None]) -> Document:
    title = f"{short_name(record.target)} under {counted(len(record.pythons), 'Python')}: {record.verdict}"
    return fitted(Document(title, lead=lead, sections=tuple(section for section in sections if section is not None)))


def _lead(record: PythonsRecord) -> Iterator[Block]:
    yield Paragraph(_took(record), "soft")
    if record.interrupted:
        yield Paragraph("The analysis was interrupted: this is drawn from what was finished.", "warning")
    compared = [one for number, one in enumerate(record.pythons) if one.status == "ok" and number != record.first]
    if record.inputs_same is None and compared:
        yield Paragraph(
            "Whether the inputs are the same in each was not found out: they are no plain data, or too large.",
            "warning",
        )
    untimed = [one.name for one in compared if one.alone is None]
    if untimed:
        why = "there was no time for them, or no input that was not seen before by a function that keeps what it did"
        yield Paragraph(f"There were no rounds of {', '.join(untimed)} in turn with the first: {why}.", "warning")
    unknown = [one.name for one in compared if one.results_compared is None]
    if unknown:
        told = "they are no plain data, differ from call to call, or there was no time"
        yield Paragraph(f"The results of {', '.join(unknown)} could not be compared: {told}.", "warning")


def _took(record: PythonsRecord) -> str:
    started = "" if record.starting_s is None else f", of which {duration(record.starting_s)} to start"
    return f"{record.target}: {duration(record.elapsed_s)} to this verdict{started}. {record.created[:10]}."


def _few_reasons(record: PythonsRecord) -> tuple[Items, ...]:
    """Each may be left out alone, the last first."""
    return tuple(Items((told,)) for told in _reasons(record)[:_MOST_REASONS])


def _statuses(record: PythonsRecord) -> Section | None:
    told = _reasons(record)
    return Section("Not compared", (Items(tuple(told)),)) if told else None


def _reasons(record: PythonsRecord) -> list[tuple[str, str]]:
    """Why some are not compared, and the command that mends it; and what else is not there."""
    told = [(_subject(one), sentence(one.reason)) for one in record.pythons if one.reason is not None]
    told += [
        (f"{one.name}, {name}", sentence(why))
        for one in record.pythons
        if one.reason is None
        for name, why in one.missing_backends.items()
    ]
    return told


def _subject(one: PythonRecord) -> str:
    """One that was not asked has no name but the path, which its reason has."""
    return one.status if repr(one.path) in (one.reason or "") else one.name


def _configurations(record: PythonsRecord) -> Section | None:
    """What each analysis measured, a column for each Python."""
    analyzed = _analyzed(record)
    names = sorted(
        dict.fromkeys(_shortly(trial) for _, result in analyzed for trial in result.trials),
        key=lambda name: not analyzed or name != analyzed[0][0].best,
    )
    if not names:
        return None
    columns = headed(("configuration", *(one.name for one, _ in analyzed)), ("configuration",))
    rows = tuple(Row((name, *(_trial(result, name) for _, result in analyzed))) for name in names)
    table = Table(columns, rows, about="throughput of each configuration under each Python")
    return Section("Configurations", (table,), "calls per second (over the same Python alone)", Detail.BRIEF)


def _analyzed(record: PythonsRecord) -> list[tuple[PythonRecord, ResultRecord]]:
    return [(one, one.result) for _, one in fastest_first(record) if one.result is not None]


def _each(record: PythonsRecord) -> Section | None:
    """What its own analysis says of each."""
    told = tuple((one.name, verdict_sentence(result)) for one, result in _analyzed(record))
    return Section("Each by itself", (Items(told),), "verdicts of the analyses", Detail.USUAL) if told else None


def _circumstances(record: PythonsRecord) -> Section:
    told = tuple((one.name, _where(one)) for _, one in fastest_first(record))
    return Section("Circumstances", (Items(told),), f"gilscope {record.gilscope}", Detail.THOROUGH)


def _where(one: PythonRecord) -> str:
    version = f"{one.implementation or 'Python'} {one.python or UNKNOWN}"
    took = "" if one.result is None else f", analyzed in {duration(one.result.elapsed_s)}"
    return f"{version}, {one.path}{took}"


def _shortly(trial: Trial) -> str:
    """Without the chunks, whose size is planned for each Python."""
    return configuration(trial.backend, trial.workers)


def _trial(result: ResultRecord, name: str) -> str:
    """The fastest of that name."""
    found = [trial for trial in result.trials if _shortly(trial) == name]
    if not found:
        return NOT_APPLICABLE
    trial = max(found, key=lambda each: (each.status == "ok", each.throughput_per_s or 0.0))
    if trial.status != "ok":
        return trial.status
    return number(trial.throughput_per_s) + (f" ({times(trial.speedup)})" if trial.speedup is not None else "")


def _ledgers(record: PythonsRecord) -> Section | None:
    """A call alone, by state."""
    told = [(one, _parts(result.demands)) for one, result in _analyzed(record) if result.demands]
    states = [state for state in STATE_STYLES if any(state in parts for _, parts in told)]
    if not states:
        return None
    columns = headed(("a call alone", *(one.name for one, _ in told)), ("a call alone",))
    rows = tuple(
        Row(
            (
                STATE_STYLES[state].title,
                *(duration(parts[state]) if state in parts else NOT_APPLICABLE for _, parts in told),
            )
        )
        for state in states
    )
    return Section(
        "Where a call's time goes", (Table(columns, rows, about="seconds of a call by state"),), detail=Detail.BRIEF
    )


def _parts(demands: Account) -> dict[str, float]:
    return {part.state: part.seconds for part in slices(demands)}


def _code(record: PythonsRecord) -> Section | None:
    if record.fastest is None:
        return None
    one = record.pythons[record.fastest]
    if one.result is None or not one.result.recommendation.code:
        return None
    text = one.result.recommendation.code.rstrip()
    return Section("Code to paste", (Code(text, f"code for {one.name}"),), f"for {one.name}", Detail.BRIEF)
