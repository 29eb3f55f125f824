"""Tables for pandas."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

import gilscope
from gilscope.errors import UsageError
from gilscope.records import STATES, Lane, Timeline
from gilscope.report.columns import FRAMES, columns
from tests.unit.handmade import make_environment, make_hostile, make_result, make_round, make_trial

TIMELINE = Timeline(
    wall_s=2.0,
    lanes=(
        Lane(pid=7, tid=70, edges_s=(0.0, 0.5, 2.0), states=("cpu_gil", "gil_wait")),
        Lane(pid=7, tid=71, edges_s=(0.25, 2.0), states=("unknown",)),
    ),
)


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
    for name in ("trials_frame", "ledger_frame", "rounds_frame", "timeline_frame"):
        frame = getattr(empty, name)()
        assert len(frame) == 0
        assert list(frame.columns) == list(getattr(full, name)().columns)


def test_a_round_that_took_no_time_has_no_throughput() -> None:
    frame = make_result(trials=(make_trial(rounds=(make_round(wall_s=0.0),)),)).rounds_frame()
    assert frame["throughput_per_s"].isna().all()


def test_a_timeline_has_a_row_for_every_stretch_of_every_lane() -> None:
    table = make_result(trials=(make_trial(), make_trial("thread", 2, timeline=TIMELINE))).timeline_frame()
    assert set(table["trial"]) == {1}
    told = table[["lane", "pid", "tid", "start_s", "end_s", "state"]]
    assert list(told.itertuples(index=False, name=None)) == [
        (0, 7, 70, 0.0, 0.5, "cpu_gil"),
        (0, 7, 70, 0.5, 2.0, "gil_wait"),
        (1, 7, 71, 0.25, 2.0, "unknown"),
    ]
    assert list(table["state"].cat.categories) == [*STATES, "unknown"]


@pytest.mark.parametrize(("edges", "states"), [((), ()), ((0.0,), ("lock",)), ((), ("lock",)), ((0.0, 1.0), ())])
def test_a_stretch_without_ends_or_state_is_left_out(edges: tuple[float, ...], states: tuple[str, ...]) -> None:
    broken = Lane(pid=1, tid=1, edges_s=edges, states=states)
    timeline = Timeline(wall_s=2.0, lanes=(broken, *TIMELINE.lanes))
    table = make_result(trials=(make_trial(timeline=timeline),)).timeline_frame()
    assert list(table["lane"]) == [1, 1, 2]


def test_a_state_of_another_version_comes_after_those_that_are_known() -> None:
    lane = Lane(pid=1, tid=1, edges_s=(0.0, 1.0, 2.0), states=("dreaming", "idle"))
    timeline = Timeline(wall_s=2.0, lanes=(lane,))
    states = make_result(trials=(make_trial(timeline=timeline),)).timeline_frame()["state"]
    assert list(states) == ["dreaming", "idle"]
    assert list(states.cat.categories) == [*STATES, "unknown", "dreaming"]


def test_every_finding_has_a_row() -> None:
    table = make_result().findings_frame()
    assert list(table[["code", "severity"]].itertuples(index=False, name=None)) == [("few-inputs", "warning")]
    assert list(table["page"]) == ["docs/findings/few-inputs.md"]


def test_results_together_have_a_row_per_round_and_one_for_a_trial_without() -> None:
    table = gilscope.frame([make_result(), make_result(environment=make_environment(python="3.14.0"))])
    assert len(table) == 2 * 13
    assert list(table.drop_duplicates("result")["python"]) == ["3.12.1", "3.14.0"]
    assert not table.duplicated(["result", "trial", "round"]).any()
    refused = table.loc[12]
    assert refused["status"] == "refused"
    assert refused[["round", "wall_s", "ledger_wall_s"]].isna().all()


def test_no_results_make_an_empty_table() -> None:
    assert gilscope.frame(iter(())).shape == (0, gilscope.frame([make_result()]).shape[1])


@pytest.mark.parametrize("given", ["saved.json", ["saved.json"], [None], make_result()])
def test_what_is_no_result_is_told(given: Any) -> None:
    with pytest.raises(UsageError, match=r"gilscope\.frame takes .*gilscope\.load\(path\) reads one"):
        gilscope.frame(given)


def test_text_in_a_frame_is_fit_for_people() -> None:
    table = make_hostile("\x1b[31mred\x1b[0m\x00\udcff\u202e").trials_frame()
    assert list(table.loc[5, ["reason", "backend"]]) == 2 * ["red\\x00\\udcff\\u202e"]


def test_figures_that_are_not_finite() -> None:
    table = make_result(trials=(make_trial(throughput_per_s=math.nan, speedup=math.inf),)).trials_frame()
    assert table["speedup"].tolist() == [math.inf]
    assert table["throughput_per_s"].isna().all()


def test_every_column_says_what_it_means() -> None:
    told = columns()
    assert [row for row in told if not row[2].strip().endswith(".")] == []
    names = [(name, column) for name, column, _ in told]
    assert len(names) == len(set(names))
    for method in set(FRAMES) - {"frame"}:
        assert [column for frame, column in names if frame == method] == list(getattr(make_result(), method)().columns)


def test_meanings_come_from_the_record() -> None:
    told = {(frame, column): meaning for frame, column, meaning in columns()}
    assert told["rounds_frame", "observed"].startswith("Whether the sampler ran")
    assert told["ledger_frame", "driver_cpu_s"].endswith("In seconds.")
    assert told["frame", "trial_pickle_s"] == (
        "Of the whole trial: Seconds to pickle and unpickle both. Between interpreters, to hand them over in whichever "
        "way."
    )


def test_a_column_has_one_type_in_all_frames() -> None:
    found = {(column.name, column.dtype) for frame in FRAMES.values() for column in frame}
    assert len(found) == len({name for name, _ in found})
