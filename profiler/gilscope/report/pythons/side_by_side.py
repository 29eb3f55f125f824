"""The Pythons side by side: what each does alone and as is best there, as a table, and drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gilscope.quantiles import quantile
from gilscope.records import ResultRecord, Trial
from gilscope.records.pythons import PythonRecord, PythonsRecord, Ratio
from gilscope.report.document import NOT_APPLICABLE, Block, Column, Detail, Row, Section, Table
from gilscope.report.pictures import IntervalBar, IntervalChart
from gilscope.report.verdicts import label
from gilscope.units import UNKNOWN, duration, number, rate, thousands, times

__all__ = ["all_figures", "fastest_first", "few_side_by_side", "figures", "side_by_side"]

#: Names of Pythons that leave the heading of a column about as short as the others.
_SHORT: Final = 8


def fastest_first(record: PythonsRecord) -> list[tuple[int, PythonRecord]]:
    """Each with its number: the fastest, then the others as they were named."""
    return sorted(enumerate(record.pythons), key=lambda numbered: numbered[0] != record.fastest)


def figures(record: PythonsRecord) -> Iterator[tuple[str, str]]:
    """What is best, what it gains, and what it took to know."""
    if record.fastest is not None and record.first is not None:
        best, first = record.pythons[record.fastest], record.pythons[record.first].name
        yield "fastest", f"{best.name} with {best.best or UNKNOWN}"
        yield f"gain over {first} alone", _ratio(best, best.gain)
        if record.fastest != record.first:
            yield f"{best.name} alone, beside {first} alone", _ratio(best, best.alone)
    yield "time to this verdict", duration(record.elapsed_s)


def side_by_side(record: PythonsRecord) -> Section:
    """A row for each, the fastest first; the gain of each over the first alone is what is drawn."""
    told = fastest_first(record)
    chart = IntervalChart(
        table=_table(record, told).brief(),
        title="gain as is best there, with its interval",
        bars=tuple(_bar(one) for _, one in told),
        about="What each Python gains as is best there, with its interval.",
    )
    return _section(record, chart)


def all_figures(record: PythonsRecord) -> Section:
    """The same with all columns, which only a page has room for."""
    table = _table(record, fastest_first(record))
    return Section("All figures", (table,), "of the Pythons side by side", Detail.FULL)


def few_side_by_side(record: PythonsRecord, rows: int) -> Section | None:
    """Only the first of those that are compared, and nothing drawn; None where none is."""
    told = [each for each in fastest_first(record) if each[1].status == "ok"][:rows]
    return _section(record, _table(record, told)) if told else None


def _section(record: PythonsRecord, block: Block) -> Section:
    first = None if record.first is None else record.pythons[record.first].name
    subtitle = f"gains are over {first} alone; rounds of all in turn" if first else ""
    return Section("Side by side", (block,), subtitle, front=True)


def _table(record: PythonsRecord, told: Sequence[tuple[int, PythonRecord]]) -> Table:
    first = None if record.first is None else record.pythons[record.first].name
    some_without = any(_gil(one) not in ("yes", NOT_APPLICABLE) for one in record.pythons)
    columns = (
        Column("Python", numeric=False),
        Column("GIL", numeric=False, brief=some_without),
        Column("kind of work", numeric=False, brief=False),
        Column("alone"),
        Column(f"beside {first} alone" if first and len(first) <= _SHORT else "beside the first"),
        Column("best", numeric=False),
        Column("best's calls/s", brief=False),
        Column("gain"),
        Column("results", numeric=False, brief=False),
    )
    return Table(columns, tuple(_row(record, *each) for each in told), about="the Pythons side by side")


def _bar(one: PythonRecord) -> IntervalBar | None:
    return IntervalBar(one.gain.value, one.gain.low, one.gain.high) if one.gain else None


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
    return Row(cells, chosen=at == record.fastest)


def _middle(rates: Sequence[float]) -> float | None:
    return quantile(rates, 0.5)


def _own(one: PythonRecord, configuration: str | None) -> float | None:
    """By its own analysis, where there were no rounds in turn with others."""
    trial = _named(one.result, configuration) if one.result and configuration else None
    return trial.throughput_per_s if trial else None


def _named(result: ResultRecord, name: str) -> Trial | None:
    return next((each for each in result.trials if each.name == name), None)


def _ratio(one: PythonRecord, ratio: Ratio | None) -> str:
    if ratio is None:
        return UNKNOWN if one.status == "ok" else NOT_APPLICABLE
    return times(ratio.value, ratio.low, ratio.high)


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
        return f"{thousands(one.results_differing)} of {thousands(one.results_compared)} differ"
    return "the same"
