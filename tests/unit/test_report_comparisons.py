"""Comparisons and gates drawn: the table, the notes, and every format."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import msgspec
import pytest

from gilscope import report
from gilscope.decide.comparable import Matched
from gilscope.decide.conditions import parsed
from gilscope.decide.gate import judge
from gilscope.decide.regress import Comparison, compare
from gilscope.report.comparisons import comparison_sheet
from gilscope.report.gates import gate_sheet
from gilscope.report.sheet import Sheet
from gilscope.result import Result
from tests.unit.documents import cells, notes, remarks, table
from tests.unit.handmade import make_environment, make_hostile, make_result
from tests.unit.regress_builders import measured, recommending

OLD = measured()
SLOWER = measured([5.0, 5.1, 5.2], [9.0, 9.1, 9.2])
CONDITIONS = "throughput<0.9,gil_held+0.05,label,backend,errors,memory>1.2"


def named(spec: str, result: Result) -> Result:
    return msgspec.structs.replace(result, target=msgspec.structs.replace(result.target, spec=spec))


def pairs_of(*pairs: tuple[Result, Result]) -> list[Comparison]:
    return [compare(*pair) for pair in pairs]


def drawn(*pairs: tuple[Result, Result], found: Matched | None = None, objections: Any = ()) -> Sheet:
    return comparison_sheet(pairs_of(*pairs), found or Matched(pairs, (), ()), objections)


def gated(*pairs: tuple[Result, Result], found: Matched | None = None, text: str = CONDITIONS) -> Sheet:
    judged = [(each, judge(condition, each)) for each in pairs_of(*pairs) for condition in parsed(text)]
    return gate_sheet(judged, found or Matched(pairs, (), ()), ())


def test_a_row_tells_old_new_the_change_and_what_is_shown() -> None:
    sheet = drawn((OLD, SLOWER))
    assert [column.title for column in table(sheet).columns] == [
        *("configuration", "figure", "old", "new", "change", "verdict")
    ]
    rows = cells(sheet)
    assert ("serial", "throughput", "10.0/s", "5.10/s", "0.51× (0.47–0.55)", "slower") in rows
    assert ("process × 2", "p99", "104 ms", "220 ms", "2.11× (1.96–2.27)", "slower") in rows
    assert ("alone", "GIL held", ">99%", ">99%", "0 pp (−1 to +1)", "not significant") in rows
    assert ("alone", "memory", "20.0 MiB", "20.0 MiB", "1.00× (0.92–1.09)", "not significant") in rows
    assert not [row for row in rows if row[1] == "errors"], "where there were none"
    assert {row.cells[0] for row in table(sheet).rows if row.chosen} == {"process × 2"}
    assert sheet.document.title == "is_prime: slower, 0.47× (0.44–0.51) the throughput of the old result, process × 2"


def test_no_word_is_cut_where_figures_are_wide() -> None:
    text = report.render(drawn((OLD, OLD)), "text")
    assert {"configuration", "throughput", "significant"} <= set(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_what_is_not_significant_is_not_called_equal() -> None:
    sheet = drawn((OLD, OLD))
    assert sheet.document.title.startswith("is_prime: no significant change, 1.00× (")
    assert {row[-1] for row in cells(sheet)} == {"not significant"}
    assert "Starts of the same pool differ by up to 5%" in remarks(sheet)[0]


def test_notes_tell_the_verdicts_what_is_apart_and_what_may_explain_it() -> None:
    new = msgspec.structs.replace(SLOWER, trials=SLOWER.trials[:1], recommendation=recommending("serial"))
    new = msgspec.structs.replace(new, environment=make_environment(gilscope="0.2.0"))
    sheet = drawn((OLD, new))
    assert notes(sheet) == {
        "kind of work": "compute-bound (python), as before.",
        "recommendation": "changed from process × 2 to serial.",
        "process × 2": "in the new result: not measured",
        "circumstances": "gilscope 0.1.0 → 0.2.0.",
    }
    assert cells(sheet)[0][0] == "process × 2 → serial", "what each recommends comes first"


def test_several_functions_are_told_apart_and_summed_up() -> None:
    first, second = (named("a:f", OLD), named("a:f", SLOWER)), (named("b:f", OLD), named("b:f", OLD))
    sheet = drawn(first, second, found=Matched((first, second), ("a:gone",), ("a:come",)))
    assert sheet.document.title == "2 functions compared: 1 slower, 1 no significant change"
    assert remarks(sheet)[:2] == ["Only in the old file: a:gone.", "Only in the new file: a:come."]
    assert {row[0] for row in cells(sheet)} == {"a:f", "b:f"}, "whole, for their own names are the same"
    assert notes(sheet)["a:f, throughput"].startswith("slower, 0.47×")


def test_what_ought_to_forbid_it_is_said_on_top() -> None:
    sheet = drawn((OLD, SLOWER), objections=[("app:f", "python 3.11 → 3.12")])
    assert remarks(sheet)[0].startswith("Not comparable, and compared all the same: python 3.11 → 3.12.")


def test_a_gate_tells_each_condition_and_why() -> None:
    sheet = gated((OLD, SLOWER))
    assert sheet.document.title == "Failed: 1 failed, 5 passed"
    assert cells(sheet)[0] == ("throughput<0.9", "19.2/s", "9.10/s", "0.47× (0.44–0.51)", "failed")
    assert cells(sheet)[2] == ("label", "compute-bound", "compute-bound", "", "passed")
    assert next(iter(notes(sheet).items())) == (
        "throughput<0.9 (process × 2)",
        "failed: the whole interval lies beyond the limit.",
    )
    assert gated((OLD, OLD)).document.title == "Passed: 6 passed"


def test_a_function_that_is_missing_fails_the_gate() -> None:
    sheet = gated((OLD, OLD), found=Matched(((OLD, OLD),), ("a:gone",), ()), text="label")
    assert sheet.document.title == "Failed: 1 passed; of the baseline's functions 1 missing"
    assert notes(sheet)["gone"].startswith("in the baseline, and not among the new results")
    assert json.loads(report.render(sheet, "json"))["passed"] is False


@pytest.mark.parametrize("name", ["text", "json", "csv", "html", "md"])
def test_every_format_draws_both_sheets(name: str) -> None:
    for sheet, word in ((drawn((OLD, SLOWER)), "slower"), (gated((OLD, SLOWER)), "failed")):
        text = report.render(sheet, name)
        assert text.endswith("\n")
        assert word in text


def test_text_fits_eighty_columns() -> None:
    pair = (named("a:a_rather_long_name", OLD), named("a:a_rather_long_name", SLOWER))
    for sheet in (drawn((OLD, SLOWER)), drawn(pair, (OLD, SLOWER)), gated((OLD, SLOWER)), gated(pair, (OLD, OLD))):
        assert max(map(len, report.render(sheet, "text").splitlines())) <= 80


def test_programs_get_the_figures_as_they_are() -> None:
    saved = json.loads(report.render(drawn((OLD, SLOWER)), "json"))
    assert (saved["schema"], saved["only_old"], saved["incomparable"]) == ("gilscope.comparison/1", [], [])
    assert saved["verdicts"][0]["throughput"] == "slower"
    change = next(each for each in saved["changes"] if each["advised"])
    assert (change["figure"], change["unit"], change["change_is"]) == ("throughput", "per_s", "ratio")
    assert change["change_low"] < change["change"] < change["change_high"] < 1
    rows = list(csv.DictReader(io.StringIO(report.render(drawn((OLD, SLOWER)), "csv"))))
    assert list(rows[0]) == list(change)
    checked = json.loads(report.render(gated((OLD, SLOWER)), "json"))
    assert [each["outcome"] for each in checked["conditions"]] == ["failed", *["passed"] * 5]
    assert checked["conditions"][2]["old"] == "compute-bound"
    assert list(checked["conditions"][0]) == list(checked["conditions"][2])


@pytest.mark.parametrize("name", ["text", "csv", "html", "md"])
def test_names_are_made_harmless(name: str) -> None:
    wild = make_hostile("\x1b[31m<u>|\ud800")
    for sheet in (drawn((wild, wild), (make_result(), wild)), gated((wild, wild))):
        text = report.render(sheet, name)
        assert "\x1b" not in text
        text.encode()
        assert name in ("text", "csv") or "<u>" not in text


def test_very_long_names_are_cut() -> None:
    long = make_hostile("long " * 100_000)
    assert len(report.render(drawn((long, OLD)), "md")) < 20_000
