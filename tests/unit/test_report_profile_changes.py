"""Two recordings compared, drawn."""

from __future__ import annotations

import json

import pytest

from gilscope import report
from gilscope.production.comparing import compare_recordings
from gilscope.report.profile_changes import profile_changes_sheet
from gilscope.report.sheet import Sheet
from tests.unit.production.profiles import make_profile
from tests.unit.production.test_comparing import loaded


def sheet() -> Sheet:
    old = loaded((make_profile(),), (make_profile(), make_profile(spec="shop.orders:gone", name="gone")))
    new = loaded((make_profile(wall_s=2.0),), (make_profile(wall_s=2.01),))
    return profile_changes_sheet(old, new, *compare_recordings(old, new))


@pytest.mark.parametrize("name", [name for name, form in report.FORMATS.items() if form.sheets])
def test_every_format_draws_it(name: str) -> None:
    text = report.render(sheet(), name)
    assert "slower" in text
    assert "gone" in text or name == "csv"


def test_text_says_what_changed_when_and_how_often() -> None:
    text = " ".join(report.render(sheet(), "text").split())
    assert "1 function in both recordings: 4 significant changes" in text
    assert "Old: Calls from 1970-01-01 00:00:00 UTC to 1970-01-01 00:01:40 UTC." in text
    assert "Intervals (90%) come from how much the recorded processes differ." in text
    assert "Only in the old recording: gone." in text
    assert "How often they were called" in text


def test_programs_get_every_figure_with_its_interval() -> None:
    saved = json.loads(report.render(sheet(), "json"))
    assert saved["schema"] == "gilscope.profile-comparison/1"
    wall = next(change for change in saved["changes"] if change["figure"] == "wall")
    assert (wall["old"], wall["shown"], wall["calls_old"], wall["processes_new"]) == (0.01, "slower", 200, 2)
    assert wall["change_low"] < wall["change"] < wall["change_high"]
