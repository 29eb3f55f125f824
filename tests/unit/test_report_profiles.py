"""Recorded profiles drawn: the table, the notes, and every format."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest

from gilscope import report
from gilscope.errors import OutputError
from gilscope.production.delays import Delays
from gilscope.production.files import Loaded, Skipped
from gilscope.production.observed import Observed
from gilscope.production.on_loops import BlockedAt
from gilscope.production.opportunities import opportunities
from gilscope.production.profile import Profile
from gilscope.production.sketch import bucket
from gilscope.records import WAIT_STATES
from gilscope.report.clean import in_ascii
from gilscope.report.document import Items
from gilscope.report.profile_states import states_table
from gilscope.report.profiles import names, opportunities_sheet, profiles_sheet
from gilscope.report.sheet import Sheet
from tests.unit.documents import cells, notes, remarks, table, the
from tests.unit.production.profiles import make_profile

TOTAL = make_profile(spec="shop.orders:total", name="shop.orders:total", file="/shop/orders.py", line=3)
PAGE = make_profile(spec="shop.web:page", name="page", kind="coroutine", clocked_cpu_s=0.01, longest_block_s=0.25)
SEEN = make_profile(
    spec="shop.db:find",
    name="find",
    clocked_cpu_s=0.45,
    clocked_runqueue_s=0.05,
    observed=Observed(
        wall_s=4.0,
        cpu_s=2.0,
        blocked_s=2.0,
        samples=800,
        cpu_gil_s=2.0,
        cpu_free_s=0.0,
        gil_wait_s=1.0,
        network_s=0.9,
        disk_s=0.1,
        gil_held_off_cpu_s=0.5,
        **dict.fromkeys(("sleep_s", "lock_s", "child_s", "other_s"), 0.0),
    ),
)
NEVER = make_profile(spec="shop.web:never", name="never", calls=0, wall_s=0.0, longest_s=None)


def drawn(*profiles: Profile) -> Sheet:
    return profiles_sheet(Loaded(profiles=profiles, processes=3, skipped=(Skipped(path="a", reason="torn"),)))


def _rows(sheet: Sheet) -> list[tuple[str, ...]]:
    return cells(sheet) if sheet.rows else []


def figures(sheet: Sheet) -> dict[str, dict[str, str]]:
    titles = [column.title for column in table(sheet).columns]
    return {row[0]: dict(zip(titles[1:], row[1:], strict=True)) for row in cells(sheet)}


def test_a_row_tells_the_figures_of_a_function() -> None:
    assert figures(drawn(TOTAL, PAGE))["total"] == {
        "calls": "100",
        "wall": "1.00 s",
        "mean": "10.0 ms",
        "p50": "9.96 ms",
        "p99": "9.96 ms",
        "CPU": "100%",
        "run queue": "0%",
        "blocked": "0%",
        "longest block of the loop": "–",
        "kind of work": "compute-bound",
    }
    assert figures(drawn(TOTAL, PAGE))["page"]["longest block of the loop"] == "250 ms"
    assert "longest block of the loop" not in figures(drawn(TOTAL))["total"], "where there is no loop"


def test_cpu_that_is_told_from_few_calls_has_its_interval() -> None:
    """Every fourth call measured: of 10 ms each, 2 or 8 ms on a CPU."""
    sampled = make_profile(
        spec="m:sampled",
        name="sampled",
        clocked_calls=25,
        clocked_cpu_s=0.5,
        clocked_excess=300,
        clocked_wall_wall_s2=100 * 0.01**2,
        clocked_wall_cpu_s2=0.5 * 0.01,
        clocked_cpu_cpu_s2=50 * 0.002**2 + 50 * 0.008**2,
    )
    told = figures(drawn(TOTAL, sampled))
    assert (told["total"]["CPU"], told["sampled"]["CPU"]) == ("100%", "50% ±8.9 pp")


def test_a_call_that_was_given_no_cpu_is_told_so() -> None:
    busy = make_profile(spec="shop.orders:busy", name="busy", clocked_cpu_s=0.4, clocked_runqueue_s=0.6)
    untold = make_profile(spec="shop.orders:untold", name="untold", clocked_cpu_s=0.4, clocked_runqueue_s=None)
    sheet = drawn(TOTAL, busy, untold)
    assert [row["run queue"] for row in figures(sheet).values()] == ["0%", "60%", "unknown"]
    assert ["60% of its wall clock it was ready and given no CPU" in note for note in notes(sheet).values()] == [
        False,
        True,
        False,
    ]


def test_a_callees_cpu_that_was_limited_is_told_so() -> None:
    limited = make_profile(spec="m:inner", name="inner", called_from={"m:outer": 10}, cpu_limit_s=0.9)
    assert "It is called by outer alone, so its CPU is told as that one's at most." in notes(drawn(limited))["inner"]
    assert "is called by" not in notes(drawn(TOTAL))["total"]


def test_what_was_not_measured_is_unknown() -> None:
    assert set(figures(drawn(TOTAL, NEVER))["never"].values()) == {"0", "–", "unknown", "inconclusive"}


def test_without_a_call_nobody_knows_of_errors() -> None:
    shown = figures(drawn(make_profile(spec="m:raises", name="raises", errors=3), NEVER, TOTAL))
    assert [shown[name]["errors"] for name in ("raises", "never", "total")] == ["3", "–", "none"]


def test_a_note_tells_what_it_is_how_surely_and_what_to_do() -> None:
    told = notes(drawn(TOTAL, PAGE, NEVER))
    assert told["total"].startswith("compute-bound (high, ")
    assert TOTAL.advice in told["total"]
    assert told["page"].endswith("It blocks its event loop, as told above.")
    assert told["never"] == "inconclusive. Not known yet: 0 calls were measured, 10 are needed: 10 more will do."


def test_what_blocks_an_event_loop_is_told_before_all_else() -> None:
    for sheet in (drawn(TOTAL, PAGE), opportunities_sheet(opportunities([TOTAL, PAGE], 2), 2)):
        first = sheet.document.sections[0]
        assert first.title == "What blocks event loops"
        [(name, told)] = the(Items, first).pairs
        assert name == "page"
        assert told.startswith("It keeps its event loop from everything else: for 250 ms at most")
    assert drawn(TOTAL).document.sections[0].title == "Where the time went"
    assert PAGE.advice.startswith("It keeps its event loop")


def test_what_is_not_decorated_and_how_late_callbacks_are_is_told() -> None:
    often = BlockedAt(file="/shop/app.py", line=7, function="log", callee="time.sleep", times=9, blocked_s=0.4)
    once = BlockedAt(file="/shop/app.py", line=9, function="start", times=1, blocked_s=0.1)
    lag = Delays(total_s=5.0, longest_s=0.06, lengths={bucket(50_000_000): 100})
    sheet = profiles_sheet(Loaded(profiles=(TOTAL, PAGE), processes=1, loop_lag=lag, blocked_at=(often, once)))
    told = dict(the(Items, sheet.document.sections[0]).pairs)
    assert list(told) == ["page", "log"]
    assert "keep an event loop 9 times, for 400 ms in all, in line 7 of /shop/app.py, which calls time.s" in told["log"]
    assert "late on average, 48.2 ms at the 99th percentile and 60.0 ms at most (100 heartb" in remarks(sheet)[-1]
    assert json.loads(report.render(sheet, "json"))["loop_lag"]["heartbeats"] == 100
    assert json.loads(report.render(drawn(TOTAL), "json"))["loop_lag"] is None


def test_short_steps_of_a_loop_are_told_beside_what_it_is() -> None:
    brief = make_profile(kind="coroutine", clocked_cpu_s=0.01, longest_block_s=0.004, name="brief")
    assert notes(drawn(brief))["brief"].endswith("It kept its event loop busy for 4.00 ms at most.")


def test_waiting_for_a_thread_of_a_pool_is_told_where_it_is_noticed() -> None:
    long = Delays(total_s=4.0, longest_s=0.5, lengths={bucket(400_000_000): 10})
    short = Delays(total_s=0.01, longest_s=0.005, lengths={bucket(1_000_000): 10})
    told = notes(drawn(make_profile(name="slow", queue_waits=long), make_profile(name="quick", queue_waits=short)))
    assert "it waits 400 ms for a thread of its pool, 500 ms at most (10 probes)" in told["slow"]
    assert "pool has too few" not in told["quick"]


def test_every_format_tells_where_the_time_of_what_was_observed_went() -> None:
    text = " ".join(report.render(drawn(TOTAL, SEEN), "text").split())
    assert "CPU GIL with waiting run function held GIL for GIL queue network disk find 57% 45% 25% 5% 22% 2%" in text
    assert (
        "| function | GIL held | CPU with GIL | waiting for GIL | run queue | network | disk |\n"
        "| :-- | --: | --: | --: | --: | --: | --: |\n"
        "| find | 57% | 45% | 25% | 5% | 22% | 2% |\n"
    ) in report.render(drawn(TOTAL, SEEN), "md")
    assert re.search("find.*57%.*45%.*25%.*5%.*22%.*2%", report.render(drawn(TOTAL, SEEN), "html"), re.DOTALL)
    for row in (
        json.loads(report.render(drawn(SEEN), "json"))["functions"][0],
        next(csv.DictReader(io.StringIO(report.render(drawn(SEEN), "csv")))),
    ):
        told = [float(row[name]) for name in ("cpu_gil_s", "gil_wait_s", "network_s", "runqueue_s", "gil_held_ratio")]
        assert told == pytest.approx([0.45, 0.25, 0.225, 0.05, 0.575])


def test_what_nobody_observed_has_no_states() -> None:
    assert all("GIL held" not in report.render(drawn(TOTAL), name) for name in ("text", "md", "html"))


def test_what_was_not_seen_on_a_cpu_held_the_gil_for_as_long_as_it_was_there_at_most() -> None:
    states: dict[str, Any] = {f"{state}_s": 0.0 for state in (*WAIT_STATES, "gil_wait", "gil_held_off_cpu")}
    waits = Observed(wall_s=5.0, blocked_s=5.0, samples=800, **states | {"network_s": 5.0})
    found = [make_profile(clocked_cpu_s=cpu_s, observed=waits) for cpu_s in (0.001, 0.125)]
    shares = states_table(["short", "long"], found)
    both = states_table(["seen", "short", "long"], [SEEN, *found])
    assert shares is not None
    assert both is not None
    assert [row.cells[:2] for row in shares.rows] == [("short", "<1%"), ("long", "≤13%")]
    assert in_ascii(shares).rows[1].cells[1] == "<=13%"
    titles = [column.title for column in both.columns]
    assert [row.cells[titles.index("CPU with GIL")] for row in both.rows] == ["45%", "unknown", "unknown"]


def test_a_narrow_table_has_the_largest_states() -> None:
    parts = {f"{state}_s": 0.1 * at for at, state in enumerate(WAIT_STATES, 1)}
    seen = Observed(
        wall_s=5.0,
        cpu_s=2.0,
        blocked_s=3.1,
        samples=800,
        gil_wait_s=1.0,
        **{"cpu_gil_s": 1.0, "cpu_free_s": 1.0, **parts},
    )
    shares = states_table(["f"], [make_profile(clocked_cpu_s=0.4, kind="coroutine", observed=seen)])
    assert shares is not None
    assert [column.title for column in shares.brief().columns] == [
        *(
            "function",
            "GIL held",
            "CPU with GIL",
            "CPU without GIL",
            "waiting for GIL",
            "lock",
            "child process",
            "other",
        ),
    ]
    assert len(shares.columns) == 11


def test_names_are_short_and_each_its_own() -> None:
    twins = [make_profile(spec=f"{home}:total", name=f"{home}:total") for home in ("a", "b")]
    moved = [make_profile(name="a", file="/shop/a.py", line=line) for line in (3, 7)]
    assert names([TOTAL, PAGE]) == ["total", "page"]
    assert names(twins) == ["a:total", "b:total"]
    assert names(moved) == ["a (a.py:3)", "a (a.py:7)"]


@pytest.mark.parametrize("name", [name for name, form in report.FORMATS.items() if form.sheets])
def test_every_format_draws_both_sheets(name: str) -> None:
    for sheet in (drawn(TOTAL, PAGE), opportunities_sheet(opportunities([TOTAL, PAGE], 2), 2), drawn()):
        text = report.render(sheet, name)
        assert text.endswith("\n")
        assert all(shown in text for shown in [row[0] for row in _rows(sheet)])


@pytest.mark.parametrize("name", [name for name, form in report.FORMATS.items() if not form.sheets])
def test_a_viewer_of_timelines_or_stacks_finds_none(name: str) -> None:
    with pytest.raises(OutputError, match=rf"{name} shows nothing else: .* one of text, json, csv, html, md"):
        report.render(drawn(TOTAL), name)


def test_text_fits_eighty_columns() -> None:
    many = make_profile(calls=10**9, wall_s=123456.0, spec="m:a_rather_long_name", name="m:a_rather_long_name")
    for sheet in (drawn(many, PAGE, SEEN), opportunities_sheet(opportunities([many, PAGE], 2), 2)):
        assert max(map(len, report.render(sheet, "text").splitlines())) <= 80


def test_programs_get_the_rows_as_they_are() -> None:
    sheet = drawn(TOTAL, NEVER)
    saved = json.loads(report.render(sheet, "json"))
    assert (saved["schema"], saved["processes"], saved["skipped"]) == ("gilscope.functions/1", 3, ["a"])
    total, never = saved["functions"]
    assert (total["calls"], total["wall_s"], total["label"], total["line"]) == (100, 1.0, "compute-bound", 3)
    assert (never["calls"], never["wall_s"], never["p50_s"]) == (0, None, None)
    rows = list(csv.DictReader(io.StringIO(report.render(sheet, "csv"))))
    assert [row["calls"] for row in rows] == ["100", "0"]
    assert rows[1]["wall_s"] == ""
    assert list(rows[0]) == list(total)


@pytest.mark.parametrize("name", ["text", "csv", "html", "md"])
def test_names_are_made_harmless(name: str) -> None:
    wild = make_profile(spec="m:f", name="\x1b[31m<b>|\ud800")
    text = report.render(drawn(wild), name)
    assert "\x1b" not in text
    text.encode()
    assert ("<b>" in text) == (name in ("text", "csv"))


def test_opportunities_say_what_to_run_and_programs_get_the_seconds() -> None:
    sheet = opportunities_sheet(opportunities([TOTAL, NEVER], 2), 2)
    assert sheet.document.title == "Worth a full analysis: 1 of 2 functions"
    assert notes(sheet)["total"].endswith("Run: gilscope analyze shop.orders:total")
    assert "Run:" not in notes(sheet)["never"]
    saved = json.loads(report.render(sheet, "json"))
    assert (saved["schema"], saved["cpus"]) == ("gilscope.prospects/1", 2)
    first, last = saved["functions"]
    assert (first["target"], first["deserving"], first["saving_s"]) == ("shop.orders:total", True, pytest.approx(0.5))
    assert (last["deserving"], last["saving_s"]) == (False, None)


def test_what_one_function_alone_calls_is_in_brackets_below_it() -> None:
    page = make_profile(spec="m:page", name="page", clocked_cpu_s=0.1)
    query = make_profile(spec="m:query", name="query", wall_s=0.8, clocked_cpu_s=0.05, called_from={"m:page": 100})
    sheet = opportunities_sheet(opportunities([query, page, TOTAL], 2), 2)
    assert sheet.document.title == "Worth a full analysis: 2 of 3 functions"
    assert [row[:2] for row in cells(sheet)] == [("page", "950 ms"), ("query", "(775 ms)"), ("total", "500 ms")]
    assert "In brackets" in report.render(sheet, "text")
    assert "In brackets" not in report.render(opportunities_sheet(opportunities([page], 2), 2), "text")
    assert [row["within"] for row in sheet.rows] == [None, "m:page", None]
