"""Several Pythons in every format, and read again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

import gilscope
from gilscope import report
from gilscope.errors import LoadError, OutputError, UsageError
from gilscope.records import ResultRecord
from gilscope.report import text
from gilscope.report.document import Detail, Table
from gilscope.report.pythons.matching import results_to_compare
from gilscope.report.saved import parsed
from gilscope.report.sources import gather
from tests.unit.handmade import make_environment, make_trial
from tests.unit.pythons_builders import FAST, make_python, make_pythons, make_refused, make_serial


def test_a_saved_one_is_read_back_whole(tmp_path: Path) -> None:
    made = make_pythons()
    made.to_json(tmp_path / "saved.json")
    found = gilscope.load(tmp_path / "saved.json")
    assert isinstance(found, gilscope.PythonsResult)
    assert msgspec.to_builtins(found) == msgspec.to_builtins(made)
    assert {name: type(result) for name, result in found.results.items()} == {
        "3.11": gilscope.Result,
        "3.14": gilscope.Result,
    }
    assert repr(found) == f"<PythonsResult: {made.verdict}>"


def test_the_terminal_tells_them_side_by_side_and_none_in_full() -> None:
    told = make_pythons().to_text()
    assert "3.14: 1.20× of 3.11 alone; best: 3.14 with process × 2, 2.29×" in " ".join(told.split())
    assert "1.20× (1.1" in told
    assert "/envs/old/bin/python -m pip install gilscope==0.1.0" in " ".join(told.split())
    assert "code for 3.14" not in told
    assert told.count("Code to paste") == 1, "that of the fastest"
    assert "Confidence" not in told


def _shown(record: gilscope.PythonsResult, room: Detail | None = None) -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None, legacy_windows=False)
    text.show(report.documents(record), console, room=room)
    told: str = console.file.getvalue()  # type: ignore[attr-defined]
    return told


@pytest.mark.parametrize("count", [1, 2, 12])
def test_a_terminal_that_asks_for_no_more_gets_twenty_lines(count: int) -> None:
    others = [make_refused(f"/a/rather/long/path/of/a/python/{at}/bin/python") for at in range(count)]
    fast = [make_python(f"3.14 in environment{at}", FAST) for at in range(count)]
    record = make_pythons(make_python(), *fast, *others)
    told = _shown(record)
    assert len(told.splitlines()) <= 20
    assert "Side by side" in told
    assert "has no gilscope" in told, "a reason, and what mends it"
    assert "Configurations" not in told
    assert "More: -v and -vv" in told
    assert record.summary().splitlines()[:-1] == [line.rstrip() for line in told.splitlines()[:-1]]
    more, most = (_shown(record, room) for room in (Detail.USUAL, Detail.THOROUGH))
    assert len(told) < len(more) < len(most)
    assert "Circumstances" not in more
    assert "Circumstances" in most


def test_with_a_file_they_are_one_line() -> None:
    console = Console(file=io.StringIO(), width=80, color_system=None, legacy_windows=False)
    text.show_titles(report.documents(make_pythons()), console)
    assert console.file.getvalue().count("\n") == 1  # type: ignore[attr-defined]


def test_the_fastest_comes_first_wherever_they_stand_side_by_side() -> None:
    whole, *each = report.documents(make_pythons()).whole
    blocks = [getattr(block, "table", block) for section in whole.sections for block in section.blocks]
    tables = [block for block in blocks if isinstance(block, Table)]
    rows = [table.rows[0].cells[0] for table in tables if table.columns[0].title == "Python"]
    columns = [table.columns[1].title for table in tables if table.columns[0].title != "Python"]
    assert (rows, columns) == (["3.14", "3.14"], ["3.14", "3.14"])
    assert [one.title[:4] for one in each] == ["3.14", "3.11"]


def test_a_page_has_each_analysis_too() -> None:
    page = make_pythons().to_html()
    assert page.count("<article") == 3
    assert "3.14: is_prime is compute-bound (python)" in page
    assert "2.29× (" in page


def test_what_they_say_is_escaped() -> None:
    bad = make_pythons(make_python(), make_refused("<script>alert(1)</script>"))
    assert "<script>alert" not in bad.to_html()


def test_a_build_without_a_gil_is_said_to_be_one() -> None:
    free = make_python(
        "3.14t", FAST, free_threaded=True, result=make_serial(environment=make_environment(gil_enabled=False))
    )
    again = make_python("3.15t", FAST, free_threaded=True)
    told = make_pythons(make_python(), free, again).to_text()
    assert [line.split()[1] for line in told.splitlines() if line.startswith("  3.1")][:3] == ["off", "yes", "on,"]


def test_where_results_and_inputs_could_not_be_compared_that_is_said() -> None:
    unknown = make_python("3.14", FAST, results_compared=None, results_differing=None)
    told = " ".join(make_pythons(make_python(), unknown, inputs_same=None).to_text().split())
    assert "The results of 3.14 could not be compared" in told
    assert "Whether the inputs are the same in each was not found out" in told


def test_a_backend_that_one_has_not_is_told_with_the_reason() -> None:
    older = make_python("3.13", missing_backends={"interpreter": "backend 'interpreter' needs Python 3.14"})
    told = " ".join(make_pythons(older, make_python("3.14", FAST)).to_text().split())
    assert "3.13, interpreter: backend 'interpreter' needs Python 3.14." in told


def test_where_there_were_no_rounds_in_turn_that_is_said() -> None:
    told = " ".join(make_pythons(make_python(), make_python("3.14", ())).to_text().split())
    assert "There were no rounds of 3.14 in turn with the first" in told


def test_a_configuration_is_one_row_whatever_its_chunks() -> None:
    chunked = make_serial("3.14.1", trials=(make_trial(), make_trial("process", 2, chunksize=7, throughput_per_s=6.2)))
    plain = make_serial(trials=(make_trial(), make_trial("process", 2, throughput_per_s=5.5)))
    told = make_pythons(make_python(result=plain), make_python("3.14", result=chunked)).to_text()
    (row,) = [line.split() for line in told.splitlines() if line.startswith("  process × 2")]
    assert [row[3], row[5]] == ["5.50", "6.20"]


def test_frames_have_a_row_for_each() -> None:
    made = make_pythons()
    table = made.pythons_frame()
    assert list(table["status"]) == ["ok", "ok", "refused"]
    assert list(table["fastest"]) == [False, True, False]
    assert table["gain"].isna().tolist() == [False, False, True]
    assert made.trials_frame()["name"].value_counts().to_dict() == {"3.11": 5, "3.14": 5}
    assert make_pythons(make_refused()).trials_frame().empty


def test_csv_has_them_too() -> None:
    lines = make_pythons().to_csv().splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("target,name,path,python,")


def test_a_viewer_shows_one_analysis_and_says_so() -> None:
    with pytest.raises(OutputError, match="perfetto shows one analysis"):
        report.render(make_pythons(), "perfetto")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "gilscope.pythons/9"}, "its schema is 'gilscope.pythons/9'"),
        ({"first": 7}, "a number that none of its Pythons has"),
        ({"pythons": "none"}, "of a wrong type"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    record = json.loads(make_pythons().to_json()) | change
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(record))
    with pytest.raises(LoadError, match=told):
        gilscope.load(path)
    with pytest.raises(LoadError, match=told):
        gather([path])


# -- two files ---------------------------------------------------------------------------------------------------------


def saved(path: Path, *pythons: Any) -> Path:
    make_pythons(*pythons).to_json(path)
    return path


def both(old: Path, new: Path) -> tuple[list[ResultRecord], list[ResultRecord]]:
    return results_to_compare(old, parsed(old), new, parsed(new))


def test_of_two_files_each_python_meets_its_own(tmp_path: Path) -> None:
    old = saved(tmp_path / "old.json", make_python("3.11"), make_python("3.14"))
    new = saved(tmp_path / "new.json", make_python("3.14"), make_python("3.15"))
    was, now = both(old, new)
    assert [result.target.spec for result in was] == [
        "app.primes:is_prime under 3.11",
        "app.primes:is_prime under 3.14",
    ]
    assert [result.target.spec for result in now] == [
        "app.primes:is_prime under 3.14",
        "app.primes:is_prime under 3.15",
    ]


def test_an_analysis_alone_meets_the_one_of_its_python(tmp_path: Path) -> None:
    several = saved(tmp_path / "several.json", make_python("3.11"), make_python("3.14"))
    alone = tmp_path / "alone.json"
    make_serial("3.14.1").to_json(alone)
    for was, now in (both(alone, several), reversed(both(several, alone))):
        assert [result.environment.python for result in (*was, *now)] == ["3.14.1", "3.14.1"]
    make_serial("3.12.1").to_json(alone)
    with pytest.raises(UsageError, match=r"has results under 3.11, 3.14, and the other file under 3.12.1"):
        both(alone, several)


def test_an_interrupted_one_says_so() -> None:
    halted = make_python("3.14", (), status="interrupted", reason="it was interrupted", result=None, best=None)
    told = make_pythons(make_python(), halted, interrupted=True).to_text()
    assert "The analysis was interrupted" in told
    assert "3.14 not measured to the end" in " ".join(told.split())


def test_older_results_in_it_are_read_as_those_of_today(tmp_path: Path) -> None:
    record = json.loads(make_pythons().to_json())
    record["pythons"][0]["result"]["schema"] = "gilscope.result/1"
    (tmp_path / "saved.json").write_text(json.dumps(record))
    found = gilscope.load(tmp_path / "saved.json")
    assert isinstance(found, gilscope.PythonsResult)
    assert found.pythons[0].result is not None
    assert found.pythons[0].result.schema == "gilscope.result/2"
    assert msgspec.structs.replace(found, pythons=()) == msgspec.structs.replace(make_pythons(), pythons=())
