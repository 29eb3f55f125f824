"""A page has every row of what is long, to be sorted and searched; others have the first."""

from __future__ import annotations

import msgspec
import pytest

from gilscope import report
from gilscope.production.files import Loaded
from gilscope.production.profile import Profile
from gilscope.records.programs import ProgramRecord
from gilscope.report import Content
from gilscope.report.changes import table
from gilscope.report.document import Document, Section, Table
from gilscope.report.pictures import IntervalBar, IntervalChart
from gilscope.report.profiles import profiles_sheet
from gilscope.report.sheet import Sheet, tabled
from tests.unit import golden
from tests.unit.production.profiles import make_profile
from tests.unit.programs.handmade import make_program, place
from tests.unit.pythons_builders import make_pythons

_MANY = 1000


def _changes() -> Sheet:
    changes = table(("figure", "old", "new"), [(f"f{at}", (f"figure {at}", "1.00", "2.00")) for at in range(_MANY)])
    return Sheet(tabled("Compared", (), changes), schema="a-test/1", about={}, rows=())


def _profiles() -> Sheet:
    made: list[Profile] = [make_profile(spec=f"shop:f{at}", name=f"f{at}") for at in range(_MANY)]
    return profiles_sheet(Loaded(profiles=tuple(made), processes=1))


def _program() -> ProgramRecord:
    whole = make_program()
    waits = [msgspec.structs.replace(whole.blame[0], waiting=place(f"f{at}")) for at in range(_MANY)]
    threads = [msgspec.structs.replace(whole.threads[0], tid=at) for at in range(_MANY)]
    return msgspec.structs.replace(whole, blame=tuple(waits), threads=tuple(threads))


@pytest.mark.parametrize(
    ("content", "tables"), [(_changes(), 1), (_profiles(), 1), (_program(), 2)], ids=["changes", "profiles", "program"]
)
def test_a_page_has_a_thousand_rows_to_be_sorted_and_searched(content: Content, tables: int) -> None:
    page = report.render(content, "html")
    long = [part.partition("</table>")[0] for part in page.split('<div class="scroll long"')[1:]]
    assert [part.count("<tr") - 1 for part in long] == [_MANY] * tables
    assert all('<table class="sortable"' in part for part in long)
    assert page.count('type="search"') == tables
    assert " rows are shown" not in page
    assert len(report.render(content, "text").splitlines()) < 400, "a terminal has the first"


def test_a_long_table_with_bars_is_searched_as_others_are() -> None:
    rows = [(f"f{at}", ("1.00",)) for at in range(40)]
    bars = tuple(IntervalBar(1.0, None, None) for _ in rows)
    chart = IntervalChart(table=table(("figure",), rows), title="figure", bars=bars, about="bars")
    document = Document("Bars", sections=(Section("Bars", (chart,)),))
    drawn = report.render(Sheet(document, schema="a-test/1", about={}, rows=()), "html")
    assert '<div class="scroll long" role="group" aria-label="bars" tabindex="0"><table class="bars sortable">' in drawn
    assert drawn.count('type="search"') == 1


def test_every_table_says_what_it_shows() -> None:
    contents: list[Content] = [*golden.sheets().values(), make_program(), make_pythons()]
    for content in contents:
        for document in report.documents(content).whole:
            blocks = [block for section in document.sections for block in section.blocks]
            assert all(block.about for block in blocks if isinstance(block, Table)), document.title
