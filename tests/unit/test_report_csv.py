"""CSV and Parquet: what is written is read back as it was, and no spreadsheet runs it."""

from __future__ import annotations

import csv
import importlib.util
import io
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import gilscope
from gilscope import report
from gilscope.errors import LoadError
from gilscope.records import STATES, Finding, Lane, Ledger, Round, Timeline, Trial
from gilscope.report.columns import FRAMES
from gilscope.report.csv import read_csv, to_csv
from gilscope.report.document import Document
from gilscope.report.sheet import Sheet
from gilscope.result import Result
from tests.unit.handmade import make_hostile, make_ledger, make_result, make_round, make_trial

LAW = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
DANGEROUS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1")

_figures = st.none() | st.floats()
_counts = st.none() | st.integers(0, 2**63 - 1)
_texts = (
    st.none() | st.text() | st.sampled_from([*DANGEROUS, "'=1", "''", "'", "", "NA", "null", "1.0", "True", "'tis"])
)
_lanes = st.builds(
    Lane,
    pid=st.integers(0, 2**31),
    tid=st.integers(0, 2**31),
    edges_s=st.lists(st.floats(), max_size=3).map(tuple),
    states=st.lists(st.sampled_from([*STATES, "unknown", "=new"]), max_size=3).map(tuple),
)
_trials = st.builds(
    Trial,
    backend=st.sampled_from(["serial", "thread"]) | st.text(),
    workers=st.integers(1, 64),
    status=st.sampled_from(["ok", "failed", "refused", "timeout"]),
    reason=_texts,
    start_method=st.sampled_from([None, "spawn"]),
    throughput_per_s=_figures,
    pickle_bytes=_counts,
    ledger=st.none() | st.builds(Ledger, network_s=_figures, cpu_s=st.floats(), samples=st.integers(0, 9)),
    timeline=st.none() | st.builds(Timeline, wall_s=st.just(1.0), lanes=st.lists(_lanes, max_size=2).map(tuple)),
    rounds=st.lists(st.builds(make_round, st.integers(0, 9), wall_s=st.floats(), work_s=_figures), max_size=2).map(
        tuple
    ),
)
_findings = st.builds(
    Finding, code=st.just("x"), severity=st.just("info"), title=st.text(), evidence=_texts.map(str), advice=st.text()
)
_results = st.builds(
    lambda trials, findings: make_result(trials=tuple(trials), findings=tuple(findings)),
    st.lists(_trials, max_size=3),
    st.lists(_findings, max_size=2),
)


def _tables(result: Result) -> list[pd.DataFrame]:
    return [gilscope.frame([result]) if name == "frame" else getattr(result, name)() for name in FRAMES]


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _written(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode())
    return path


@LAW
@given(_results)
@example(make_result())
@example(make_result(trials=(), findings=()))
@example(make_hostile("\udcff\x00\x1b[1m=1+1\r\n"))
def test_every_frame_survives_csv(tmp_path: Path, result: Result) -> None:
    for table in _tables(result):
        pd.testing.assert_frame_equal(read_csv(_written(tmp_path, to_csv(table))), table, check_exact=True)


@pytest.mark.skipif(
    not importlib.util.find_spec("pyarrow"), reason="Parquet needs pyarrow: the extra gilscope[parquet]"
)
@LAW
@given(_results)
@example(make_result())
def test_every_frame_survives_parquet(tmp_path: Path, result: Result) -> None:
    path = tmp_path / "table.parquet"
    for table in _tables(result):
        table.to_parquet(path)
        found = pd.read_parquet(path)
        # Of a table without rows Parquet keeps no categories.
        pd.testing.assert_frame_equal(found if len(table) else found.astype(table.dtypes), table, check_exact=True)


def test_a_report_reads_back_as_the_frame(tmp_path: Path) -> None:
    results = [make_result(), make_result(interrupted=True)]
    path = _written(tmp_path, report.render(results, "csv"))
    pd.testing.assert_frame_equal(read_csv(path), gilscope.frame(results), check_exact=True)


def test_a_cell_that_a_spreadsheet_would_run_is_text() -> None:
    texts = [*DANGEROUS, "plain", "a=b"]
    trials = [Trial(backend=text, workers=1, status="failed", reason=text) for text in texts]
    rows = _rows(make_result(trials=tuple(trials)).to_csv())
    shown = [text.replace("\r", "\\r") for text in texts]
    guarded = [text if text in ("plain", "a=b", "\\r=1") else f"'{text}" for text in shown]
    assert [row["reason"] for row in rows] == [row["backend"] for row in rows] == guarded


def test_figures_are_never_guarded() -> None:
    trial = make_trial(rounds=(make_round(wall_s=-1.5),), speedup=-2.0)
    row = _rows(make_result(trials=(trial,)).to_csv())[0]
    assert (row["wall_s"], row["trial_speedup"], row["observed"]) == ("-1.5", "-2.0", "False")


def test_an_empty_text_is_not_unknown(tmp_path: Path) -> None:
    trials = [Trial(backend="thread", workers=1, reason=reason) for reason in ("", None)]
    text = make_result(trials=tuple(trials)).to_csv()
    assert [row["reason"] for row in _rows(text)] == ["'", ""]
    found = read_csv(_written(tmp_path, text))["reason"]
    assert (found[0], found.isna().tolist()) == ("", [False, True])


def test_sheets_are_guarded_too() -> None:
    row = {"name": "=cmd", "calls": -3, "advice": None, "spec": "app:f"}
    sheet = Sheet(Document("x"), "x/1", {}, (row,))
    assert _rows(report.render(sheet, "csv")) == [{"name": "'=cmd", "calls": "-3", "advice": "", "spec": "app:f"}]


def test_a_file_that_a_spreadsheet_marked_and_widened_is_read(tmp_path: Path) -> None:
    path = _written(tmp_path, "\ufefftarget,workers,mine,more\n'=f,2,1.5,'-a\n,,,b\n")
    table = read_csv(path)
    assert (table.loc[0, "target"], table.loc[0, "more"], table["target"].isna().tolist()) == (
        "=f",
        "-a",
        [False, True],
    )
    assert [str(dtype) for dtype in table.dtypes] == ["string", "Int64", "float64", "string"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "No columns"),
        (b"\xff\xfe\x00", "can't decode byte 0xff"),
        (b"workers\nmany\n", "many"),
        (b'target\n"open', "EOF inside string"),
        (None, "No such file"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LoadError, match=rf"cannot load .*table\.csv.*{reason}.*give a CSV file that gilscope wrote"):
        read_csv(path)


def test_no_address_is_fetched() -> None:
    with pytest.raises(LoadError, match="No such file"):
        read_csv("http://localhost/table.csv")


def test_much_text_and_many_trials(tmp_path: Path) -> None:
    """A bound so wide that only a cost that grows faster than the table would break it."""
    many = tuple(make_trial("thread", at, ledger=make_ledger()) for at in range(4_000))
    loud = Trial(backend="process", workers=2, status="failed", reason="x" * 2**20)
    result = make_result(trials=(*many, loud))
    begun = time.process_time()
    table = read_csv(_written(tmp_path, result.to_csv()))
    assert time.process_time() - begun < 12
    assert len(table) == 12_001
    assert table["reason"].dropna().str.len().tolist() == [2**20]


@settings(deadline=None, max_examples=50)
@given(
    walls=st.lists(st.floats(min_value=1e-9, max_value=1e9), max_size=4),
    throughput=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_other_programs_read_the_figures_exactly(walls: list[float], throughput: float | None) -> None:
    rounds: tuple[Round, ...] = tuple(make_round(at, wall_s=wall) for at, wall in enumerate(walls))
    rows = _rows(make_result(trials=(make_trial(rounds=rounds, throughput_per_s=throughput),)).to_csv())
    assert [float(row["wall_s"]) for row in rows if row["wall_s"]] == walls
    assert len(rows) == max(1, len(walls))
    expected: Any = "" if throughput is None else repr(throughput)
    assert {row["trial_throughput_per_s"] for row in rows} == {expected}
