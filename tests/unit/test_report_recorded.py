"""What a report says of the processes whose calls it counts."""

from __future__ import annotations

from typing import Any

from gilscope.production.files import Loaded, Recorded
from gilscope.report.document import Table
from gilscope.report.recorded import moment, recorded_remarks, recorded_rows, recorded_sections
from tests.unit.production.profiles import make_profile


def process(**fields: Any) -> Recorded:
    about: dict[str, Any] = {"host": "h", "pid": 1, "python": "3", "started": 0.0, "until": 60.0, "state": "ended"}
    return Recorded(**about | fields)


def test_a_process_that_ended_is_told_by_its_dates_alone() -> None:
    assert recorded_remarks([]) == ()
    assert recorded_remarks([process()]) == ("Calls from 1970-01-01 00:00:00 UTC to 1970-01-01 00:01:00 UTC.",)


def test_one_that_has_not_ended_says_what_is_counted() -> None:
    found = [process(state=state, until=until) for state, until in (("running", 90), ("gone", 80), ("unfinished", 70))]
    _, running, gone, unfinished = recorded_remarks([*found, process(state="unfinished", until=75.0)])
    assert running == "1 process is running."
    assert gone.startswith("1 process ended without writing")
    assert "all of its calls are counted" in gone
    assert unfinished.startswith("2 processes are running, or were killed: their calls after 1970-01-01 00:01:10 UTC")


def test_processes_and_periods_are_told_with_their_dates_and_calls() -> None:
    one = process(until=30.0)
    period = process(host="", pid=0, processes=70, until=90.0)
    part = (make_profile(), make_profile(name="other", calls=10, errors=2))
    loaded = Loaded(profiles=part, processes=71, recorded=(one, period), parts=(part, part))
    assert [(row["processes"], row["calls"], row["errors"]) for row in recorded_rows(loaded)] == [
        *((1, 110, 2), (70, 110, 2))
    ]
    (section,) = recorded_sections(loaded)
    (table,) = section.blocks
    assert isinstance(table, Table)
    assert [row.cells[0] for row in table.rows] == ["70 processes", "h 1"], "the latest first"
    assert table.rows[1].cells[1:3] == ("1970-01-01 00:00:00 UTC", "1970-01-01 00:00:30 UTC")
    assert recorded_sections(Loaded(profiles=part, processes=1, recorded=(one,), parts=(part,))) == ()


def test_a_damaged_date_is_unknown() -> None:
    assert moment(1e300) == "unknown"
