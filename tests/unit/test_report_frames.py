"""Tables for pandas, and the CSV made of them."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope import report
from gilscope.records import STATES, Trial
from tests.unit.handmade import make_ledger, make_result, make_round, make_trial


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_trial_has_a_row() -> None:
    frame = make_result().trials_frame()
    assert list(frame["backend"]) == ["serial", "thread", "process", "asyncio", "interpreter"]
    assert isinstance(frame["backend"].dtype, pd.CategoricalDtype)
    assert frame.loc[4, "reason"] == "needs Python 3.14 or later"
    assert frame.loc[2, "throughput_per_s"] == 5.73


def test_unknown_is_missing_and_never_zero() -> None:
    frame = make_result().trials_frame()
    unknown = frame.loc[4, ["throughput_per_s", "memory_per_worker_bytes", "startup_s", "start_method"]]
    assert unknown.isna().all()
    assert frame["memory_per_worker_bytes"].dtype == "Int64"


def test_ledgers_conserve_in_the_frame() -> None:
    frame = make_result().ledger_frame()
    assert list(frame["backend"]) == ["serial", "thread", "process", "asyncio"]
    states = [f"{state}_s" for state in STATES]
    assert list(frame[states].sum(axis=1)) == pytest.approx(list(frame["wall_s"]))


def test_every_round_has_a_row() -> None:
    frame = make_result().rounds_frame()
    assert len(frame) == 12
    assert list(frame.loc[frame["trial"] == 2, "round"]) == [0, 1, 2]
    assert list(frame["throughput_per_s"]) == pytest.approx(list(frame["calls"] / frame["wall_s"]))


def test_empty_results_keep_their_columns() -> None:
    empty, full = make_result(trials=()), make_result()
    for name in ("trials_frame", "ledger_frame", "rounds_frame"):
        frame = getattr(empty, name)()
        assert len(frame) == 0
        assert list(frame.columns) == list(getattr(full, name)().columns)


def test_a_round_that_took_no_time_has_no_throughput() -> None:
    frame = make_result(trials=(make_trial(rounds=(make_round(wall_s=0.0),)),)).rounds_frame()
    assert frame["throughput_per_s"].isna().all()


def test_csv_has_a_row_per_round_and_one_for_a_trial_without() -> None:
    rows = _rows(report.render([make_result(), make_result()], "csv"))
    assert len(rows) == 2 * 13
    assert rows[12]["status"] == "refused"
    assert rows[12]["round"] == rows[12]["wall_s"] == rows[12]["ledger_wall_s"] == ""


@settings(deadline=None)
@given(
    walls=st.lists(st.floats(min_value=1e-9, max_value=1e9), max_size=4),
    seconds=st.floats(min_value=0, max_value=1e9),
    throughput=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_csv_figures_read_back_exactly(walls: list[float], seconds: float, throughput: float | None) -> None:
    rounds = tuple(make_round(at, wall_s=wall) for at, wall in enumerate(walls))
    trial = make_trial(rounds=rounds, throughput_per_s=throughput, ledger=make_ledger(network_s=seconds))
    rows = _rows(make_result(trials=(trial,)).to_csv())
    assert [float(row["wall_s"]) for row in rows if row["wall_s"]] == walls
    assert len(rows) == max(1, len(walls))
    for row in rows:
        assert float(row["ledger_network_s"]) == seconds
        assert row["trial_throughput_per_s"] == ("" if throughput is None else repr(throughput))


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs")) | st.sampled_from('\n\t",;')))
def test_csv_text_reads_back(text: str) -> None:
    trial = Trial(backend="thread", workers=2, status="failed", reason=text)
    assert _rows(make_result(trials=(trial,)).to_csv())[0]["reason"] == text
