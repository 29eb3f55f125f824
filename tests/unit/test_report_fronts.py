"""A page of a sheet begins with what matters most, drawn; what is read line by line has it in its table."""

from __future__ import annotations

import msgspec

from gilscope import report
from gilscope.decide.comparable import Matched
from gilscope.decide.conditions import parsed
from gilscope.decide.gate import judge
from gilscope.production.opportunities import opportunities
from gilscope.report.comparisons import comparison_sheet
from gilscope.report.front_bars import change_bars
from gilscope.report.gates import gate_sheet
from gilscope.report.pictures import IntervalChart
from gilscope.report.profiles import opportunities_sheet
from gilscope.result import Result
from tests.unit.production.profiles import make_profile
from tests.unit.regress_builders import compared, measured

_SLOWER = ([5.0, 5.1, 5.2], [9.0, 9.1, 9.2])


def _called(name: str, *rates: list[float]) -> Result:
    whole = measured(*rates)
    return msgspec.structs.replace(whole, target=msgspec.structs.replace(whole.target, spec=f"app:{name}"))


def _front(page: str) -> str:
    return page.partition('<section class="front">')[2].partition("</section>")[0]


def test_a_comparison_draws_every_figure_of_what_is_recommended() -> None:
    each = compared(measured(), measured(*_SLOWER))
    sheet = comparison_sheet([each], Matched(((each.old, each.new),), (), ()), ())
    front = _front(report.render(sheet, "html"))
    assert [front.count(f'<th scope="row">{name}</th>') for name in ("throughput", "p50", "p99", "memory")] == [1] * 4
    assert "0.47×" in front
    assert "What changed of what is recommended" not in report.render(sheet, "text")


def test_of_many_functions_those_that_lost_most_are_drawn_first() -> None:
    pairs = [(f"f{at}", compared(measured(), measured())) for at in range(20)]
    pairs.insert(13, ("lost", compared(measured(), measured(*_SLOWER))))
    (section,) = change_bars(pairs)
    (chart,) = section.blocks
    assert isinstance(chart, IntervalChart)
    assert chart.table.rows[0].cells[0] == "lost"
    assert len(chart.bars) == len(chart.table.rows) == 8
    assert section.subtitle == "the first 8 of 21 functions"


def test_nothing_is_drawn_of_what_cannot_be_compared() -> None:
    assert change_bars([]) == ()


def test_a_ranking_begins_with_the_commands_to_run() -> None:
    profiles = [make_profile(spec=f"shop:f{at}", name=f"f{at}", wall_s=9.0 + at, clocked_cpu_s=0.1) for at in range(3)]
    front = _front(report.render(opportunities_sheet(opportunities(profiles, 4.0), 4.0), "html"))
    places = [front.index(f"gilscope analyze shop:f{at}") for at in (2, 1, 0)]
    assert places == sorted(places)


def test_of_many_conditions_those_that_fail_come_first() -> None:
    conditions = parsed("label,errors,throughput<0.9")
    each = compared(measured(), measured(*_SLOWER))
    judged = [(each, judge(condition, each)) for condition in conditions]
    sheet = gate_sheet(judged, Matched(((each.old, each.new),), (), ()), ())
    table = sheet.documents.heads[0].sections[0].blocks[0]
    assert [row.cells[0] for row in table.rows] == ["throughput<0.9", "label", "errors"]  # type: ignore[attr-defined]
