"""What people read of one function under several Pythons: all side by side, and on a page each in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from gilscope.quantiles import quantile
from gilscope.records import Account, ResultRecord, Trial
from gilscope.records.pythons import PythonRecord, PythonsRecord, Ratio
from gilscope.report.bounds import fitted
from gilscope.report.document import (
    NOT_APPLICABLE,
    Block,
    Code,
    Column,
    Detail,
    Document,
    Documents,
    Items,
    Paragraph,
    Row,
    Section,
    Table,
    headed,
)
from gilscope.report.palette import STATE_STYLES
from gilscope.report.results import document as document_of_result
from gilscope.report.sections.ledgers import slices
from gilscope.report.verdicts import configuration, label, sentence, short_name
from gilscope.units import UNKNOWN, counted, duration, number, rate, times

__all__ = ["pythons_document", "pythons_documents"]


def pythons_documents(record: PythonsRecord) -> Documents:
    """The one on all, then one on each that was analyzed, which only a page has room for."""
    first = pythons_document(record)
    analyzed = [(one, one.result) for one in record.pythons if one.result is not None]
    each = (_of_one(one, result) for one, result in analyzed)
    heads = [first, *(replace(first, name=one.name, title=_title(one, result)) for one, result in analyzed)]
    return Documents(chain([first], each), heads, motto="how to run it, and under which Python, measured")


def _of_one(one: PythonRecord, result: ResultRecord) -> Document:
    whole = document_of_result(result)
    return replace(whole, title=f"{one.name}: {whole.title}", name=f"{whole.name} under {one.name}", detail=Detail.FULL)


def _title(one: PythonRecord, result: ResultRecord) -> str:
    return f"{one.name}: {short_name(result.target.spec)}"


def pythons_document(record: PythonsRecord) -> Document:
    """All side by side."""
    sections = (_table(record), _statuses(record), _configurations(record), _ledgers(record), _code(record))
    return fitted(
        Document(
            title=f"{short_name(record.target)} under {counted(len(record.pythons), 'Python')}: {record.verdict}",
            lead=tuple(_lead(record)),
            sections=tuple(section for section in sections if section is not None),
        )
    )


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


# -- side by side ------------------------------------------------------------------------------------------------------


def _table(record: PythonsRecord) -> Section:
    first = None if record.first is None else record.pythons[record.first].name
    some_without = any(_gil(one) not in ("yes", NOT_APPLICABLE) for one in record.pythons)
    columns = (
        Column("Python", numeric=False),
        Column("GIL", numeric=False, brief=some_without),
        Column("kind of work", numeric=False, brief=False),
        Column("alone"),
        Column(f"beside {first} alone" if first else "beside the first"),
        Column("best", numeric=False),
        Column("best's calls/s", brief=False),
        Column("gain"),
        Column("results", numeric=False, brief=False),
    )
    rows = tuple(_row(record, number, one) for number, one in enumerate(record.pythons))
    subtitle = f"gains are over {first} alone; rounds of all in turn" if first else ""
    return Section("Side by side", (Table(columns, rows, about="the Pythons side by side"),), subtitle)


def _row(record: PythonsRecord, at: int, one: PythonRecord) -> Row:
    alone = _middle(one.alone_rates_per_s) or _own(one, "serial")
    best = _middle(one.best_rates_per_s) or _own(one, one.best)
    cells = (
        one.name if one.status == "ok" else f"{one.name} ({one.status})",
        _gil(one),
        label(one.result) if one.result else NOT_APPLICABLE,
        rate(alone) if one.result else NOT_APPLICABLE,
        "1" if at == record.first else _ratio(one, one.alone),
        one.best or (UNKNOWN if one.result else NOT_APPLICABLE),
        number(best) if one.result else NOT_APPLICABLE,
        _ratio(one, one.gain),
        _results(record, at, one),
    )
    keys = (None, None, None, alone, _value(one.alone), None, best, _value(one.gain), None)
    return Row(cells, chosen=at == record.fastest, keys=keys)


def _middle(rates: Sequence[float]) -> float | None:
    return quantile(rates, 0.5)


def _own(one: PythonRecord, configuration: str | None) -> float | None:
    """By its own analysis, where there were no rounds in turn with others."""
    trial = _trial_named(one.result, configuration) if one.result and configuration else None
    return trial.throughput_per_s if trial else None


def _trial_named(result: ResultRecord, name: str) -> Trial | None:
    return next((each for each in result.trials if each.name == name), None)


def _ratio(one: PythonRecord, ratio: Ratio | None) -> str:
    if ratio is None:
        return UNKNOWN if one.status == "ok" else NOT_APPLICABLE
    return times(ratio.value, ratio.low, ratio.high)


def _value(ratio: Ratio | None) -> float | None:
    return ratio.value if ratio else None


def _gil(one: PythonRecord) -> str:
    if one.result is None:
        return NOT_APPLICABLE if one.free_threaded is None else "free-threaded build" if one.free_threaded else "yes"
    if one.result.environment.gil_enabled:
        return "on, free-threaded build" if one.free_threaded else "yes"
    return "off"


def _results(record: PythonsRecord, at: int, one: PythonRecord) -> str:
    if at == record.first or one.result is None:
        return NOT_APPLICABLE
    if one.results_compared is None:
        return UNKNOWN
    if one.results_differing:
        return f"{one.results_differing:,} of {one.results_compared:,} differ"
    return "the same"


def _statuses(record: PythonsRecord) -> Section | None:
    """Why some are not compared, and the command that mends it; and what else is not there."""
    told = [(one.name, sentence(one.reason)) for one in record.pythons if one.reason is not None]
    told += [
        (f"{one.name}, {name}", sentence(why))
        for one in record.pythons
        if one.reason is None
        for name, why in one.missing_backends.items()
    ]
    return Section("Not compared", (Items(tuple(told)),)) if told else None


def _configurations(record: PythonsRecord) -> Section | None:
    """What each analysis measured, a column for each Python."""
    analyzed = _analyzed(record)
    names = dict.fromkeys(_shortly(trial) for _, result in analyzed for trial in result.trials)
    if not names:
        return None
    columns = headed(("configuration", *(one.name for one, _ in analyzed)), ("configuration",))
    rows = tuple(Row((name, *(_trial(result, name) for _, result in analyzed))) for name in names)
    table = Table(columns, rows, about="throughput of each configuration under each Python")
    return Section("Configurations", (table,), "calls per second (over the same Python alone)", Detail.BRIEF)


def _analyzed(record: PythonsRecord) -> list[tuple[PythonRecord, ResultRecord]]:
    return [(one, one.result) for one in record.pythons if one.result is not None]


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
