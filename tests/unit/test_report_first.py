"""What is recommended stands first in whatever shows it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gilscope.records import Histogram
from gilscope.report.document import Document, Picture, Table
from gilscope.report.pictures import CurveChart, IntervalChart, LatencyChart, LedgerChart, TimelineChart
from gilscope.report.results import brief, document
from tests.unit.handmade import make_full, make_timeline


def test_the_recommended_configuration_comes_first_in_every_picture_and_table() -> None:
    timed = [
        msgspec.structs.replace(
            trial, timeline=make_timeline(trial.workers), latencies=Histogram(edges_s=(0.1, 0.2), counts=(3,))
        )
        for trial in make_full().trials
    ]
    whole = msgspec.structs.replace(make_full(), trials=tuple(timed))
    firsts = dict(_firsts(document(whole)))
    assert set(firsts.values()) == {"process × 2"}
    assert {"IntervalChart", "Table", "LedgerChart", "TimelineChart", "LatencyChart", "CurveChart"} <= {*firsts}


def _firsts(whole: Document) -> Iterator[tuple[str, str]]:
    """What each kind of picture and table shows first, where it shows the recommended configuration."""
    blocks = [block for section in whole.sections for block in section.blocks]
    tables = [block for block in blocks if isinstance(block, Table)]
    tables += [block.table for block in blocks if isinstance(block, Picture) and block.table is not None]
    for table in tables:
        if any(row.cells[0] == "process × 2" for row in table.rows):
            yield "Table", table.rows[0].cells[0]
    for block in blocks:
        match block:
            case IntervalChart():
                yield "IntervalChart", block.table.rows[0].cells[0]
            case LedgerChart():
                yield "LedgerChart", block.bars[0].name
            case LatencyChart():
                yield "LatencyChart", block.rows[0].name
            case CurveChart():
                yield "CurveChart", block.curves[0].points[-1].name
            case TimelineChart(aside=False):
                yield "TimelineChart", block.name


def test_it_comes_first_in_the_short_report_too() -> None:
    assert {name for _, name in _firsts(brief(make_full()))} == {"process × 2"}
