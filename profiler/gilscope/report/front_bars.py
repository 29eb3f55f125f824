"""What the page of a sheet begins with: the figures that matter most, drawn. Other formats have them in its table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gilscope.decide.changes import FIGURES
from gilscope.report.changes import cells, title, verdict
from gilscope.report.document import NOT_APPLICABLE, Detail, Row, Section, Table, headed
from gilscope.report.pictures import Band, IntervalBar, IntervalChart
from gilscope.units import counted, duration

if TYPE_CHECKING:
    from gilscope.decide.changes import Change
    from gilscope.decide.regress import Comparison
    from gilscope.production.opportunities import Opportunity

__all__ = ["change_bars", "saving_bars"]

#: Bars that are taken in at a look.
_MOST: Final = 8


def change_bars(pairs: Sequence[tuple[str, Comparison]]) -> tuple[Section, ...]:
    """How many times as much as before: every figure of what is recommended, or of several functions the throughput,
    what lost most first."""
    if len(pairs) == 1:
        ((_, only),) = pairs
        drawn = [(title(change.figure), change) for change in only.advised]
    else:
        drawn = [(name, change) for name, each in pairs for change in each.advised if change.figure == "throughput"]
    ratios = [(name, each) for name, each in drawn if each.gap is not None and not FIGURES[each.figure].is_share]
    if len(pairs) > 1:
        ratios.sort(key=lambda pair: pair[1].gap.value if pair[1].gap else 1.0)
    return _changes(
        ratios, max((each.floor for _, each in pairs), default=0.0), "figure" if len(pairs) == 1 else "function"
    )


def _changes(ratios: Sequence[tuple[str, Change]], floor: float, what: str) -> tuple[Section, ...]:
    shown = ratios[:_MOST]
    rows = [Row((name, *cells(change), verdict(change.word))) for name, change in shown]
    bars = [IntervalBar(each.gap.value, each.gap.low, each.gap.high) if each.gap else None for _, each in shown]
    titles = (what, "old", "new", "change", "verdict")
    band = (
        Band(1 - floor, 1 / (1 - floor), "as before: starts of the same pool differ by so much")
        if 0 < floor < 1
        else None
    )
    chart = _chart(Table(headed(titles, (what, "verdict")), tuple(rows)), bars, "new ÷ old, with its interval", band)
    return _front("What changed of what is recommended", chart, len(ratios))


def saving_bars(names: Sequence[str], found: Sequence[Opportunity]) -> tuple[Section, ...]:
    """What calls side by side could save at most, of the functions that deserve an analysis."""
    told = [(name, each) for name, each in zip(names, found, strict=True) if each.deserving and not each.within]
    shown = [(name, each) for name, each in told if each.saving_s is not None][:_MOST]
    rows = [Row((name, duration(each.saving_s), each.command or NOT_APPLICABLE)) for name, each in shown]
    bars = [IntervalBar(each.saving_s or 0.0, None, None) for _, each in shown]
    columns = headed(("function", "could save", "to run"), ("function", "to run"))
    return _front("What could be saved", _chart(Table(columns, tuple(rows)), bars, "seconds, at most"), len(told))


def _chart(table: Table, bars: Sequence[IntervalBar | None], what: str, band: Band | None = None) -> IntervalChart:
    return IntervalChart(table=table, title=what, bars=tuple(bars), band=band, about=what)


def _front(title: str, chart: IntervalChart, count: int) -> tuple[Section, ...]:
    if not chart.bars:
        return ()
    subtitle = f"the first {len(chart.bars)} of {counted(count, 'function')}" if count > len(chart.bars) else ""
    return (Section(title, (chart,), subtitle, Detail.FULL, front=True),)
