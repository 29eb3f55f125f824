"""Sections that other packages add to reports: found by entry points, in their order; nothing where they are not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gilscope.errors import UsageError
from gilscope.report import render
from gilscope.report.registry import CORE, GROUP, makers
from tests.unit.handmade import make_result

Declare = Callable[[str], None]
MODULE = """
from gilscope.report.document import Detail, Paragraph, Section, Table, headed, Row
from gilscope.report.registry import Maker

def weather(result):
    rows = tuple(Row((str(at),)) for at in range(3000))
    blocks = (Paragraph("\\x1b[31m<b>sunny</b> " + "x" * 5000), Table(headed(("hour",)), rows, "hours"))
    return Section("Weather", blocks, result.target.spec, Detail.USUAL)

SECTIONS = (Maker(150, weather), Maker(160, lambda result: None))
something = 3
"""


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Declare]:
    """Install a package that names sections."""
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "weather-1.0.dist-info"
    folder.mkdir()
    (tmp_path / "weather_by_a_test.py").write_text(MODULE)

    def declared(value: str) -> None:
        (folder / "entry_points.txt").write_text(f"[{GROUP}]\nweather = {value}\n")
        makers.cache_clear()

    yield declared
    sys.modules.pop("weather_by_a_test", None)
    makers.cache_clear()


def test_task_queues_add_theirs() -> None:
    added = [maker.make.__module__ for maker in makers() if maker not in CORE]
    assert added == ["gilscope.queues.report", "gilscope.queues.report"]


@pytest.mark.parametrize("form", ["text", "md", "html"])
def test_a_section_stands_in_its_place_in_every_report(declare: Declare, form: str) -> None:
    declare("weather_by_a_test:SECTIONS")
    drawn = render([make_result()], form)
    places = [drawn.index(title) for title in ("Code to paste", "Weather", "Calls differ in kind")]
    assert places == sorted(places)
    assert "sunny" in drawn
    assert "Weather" not in make_result()._repr_html_(), "a notebook has no room for it"


@pytest.mark.parametrize("form", ["text", "md", "html"])
def test_what_a_section_says_is_made_harmless_and_bounded(declare: Declare, form: str) -> None:
    declare("weather_by_a_test:SECTIONS")
    drawn = render([make_result()], form)
    assert "\x1b" not in drawn
    assert form == "text" or "<b>sunny" not in drawn
    assert "more characters)" in drawn
    assert "Only the first 2,000 of 3,000 rows are shown" in " ".join(drawn.split())


def test_one_whose_module_is_not_there_adds_nothing(declare: Declare) -> None:
    before = len(makers())
    declare("gilscope.no_such_folder.report:SECTIONS")
    assert len(makers()) == before


@pytest.mark.parametrize("value", ["weather_by_a_test:something", "weather_by_a_test:nothing"])
def test_a_broken_one_is_told(declare: Declare, value: str) -> None:
    declare(value)
    with pytest.raises(UsageError, match="'weather'"):
        makers()
