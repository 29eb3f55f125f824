"""A program in the formats of other people's viewers, held against what these document, and as CSV."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pandas as pd
import pytest

from gilscope import report
from gilscope.records.programs import ProgramRecord
from gilscope.report.csv import read_csv
from tests.unit.programs.handmade import make_hostile_program, make_program

SCHEMA = Path(__file__).parent.parent / "formats" / "speedscope.schema.json"
MADE = pytest.mark.parametrize("made", [make_program, make_hostile_program])

#: What the "Trace Event Format" asks of each phase, and the colours that it reserves.
FIELDS = {
    "X": {"name", "pid", "tid", "ts", "dur"},
    "C": {"name", "pid", "ts", "args"},
    "M": {"name", "pid", "tid", "args"},
}
METADATA = {"process_name", "process_sort_index", "thread_name", "thread_sort_index"}
COLOURS = {
    *("thread_state_uninterruptible", "thread_state_iowait", "thread_state_running", "thread_state_runnable"),
    *("thread_state_sleeping", "thread_state_unknown", "background_memory_dump", "light_memory_dump"),
    *("detailed_memory_dump", "vsync_highlight_color", "generic_work", "good", "bad", "terrible", "black", "grey"),
    *("white", "yellow", "olive", "rail_response", "rail_animation", "rail_idle", "rail_load", "startup"),
}


def traced(record: ProgramRecord) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = json.loads(report.render(record, "perfetto"))["traceEvents"]
    return events


@MADE
def test_trace_events_are_what_the_format_asks_for(made: Callable[[], ProgramRecord]) -> None:
    for event in traced(made()):
        assert FIELDS[event["ph"]] <= set(event)
        assert all(isinstance(event[name], int) for name in ("pid", "tid", "ts", "dur") if name in event)
        assert event.get("dur", 0) >= 0
        assert event["ph"] != "M" or event["name"] in METADATA
        assert event.get("cname", "good") in COLOURS
        assert event["ph"] != "C" or all(isinstance(value, int | float) for value in event["args"].values())


@MADE
def test_slices_of_a_row_follow_each_other_or_lie_within_each_other(made: Callable[[], ProgramRecord]) -> None:
    rows: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for event in traced(made()):
        if event["ph"] == "X":
            rows[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for row in rows.values():
        open_until: list[int] = []
        for start, end in sorted(row, key=lambda each: (each[0], -each[1])):
            while open_until and open_until[-1] <= start:
                open_until.pop()
            assert not open_until or end <= open_until[-1]
            open_until.append(end)


def test_a_row_of_our_own_has_no_number_of_a_thread_or_process() -> None:
    rows = {(event["pid"], event["tid"]) for event in traced(make_program()) if event.get("cat") in ("holder", "hold")}
    real = {(thread.pid, thread.tid) for thread in make_program().threads}
    assert rows
    assert not rows & real
    assert len({tid for _, tid in rows}) == len(rows)


def test_the_holder_is_a_track_of_its_own_with_its_stack_as_slices() -> None:
    events = traced(make_program())
    (number,) = (
        event["tid"]
        for event in events
        if event["ph"] == "M" and event["pid"] == 10 and event["args"].get("name") == "GIL holder"
    )
    slices = {
        (event["name"], event["ts"], event["dur"]) for event in events if event.get("tid") == number and "ts" in event
    }
    assert slices == {
        ("load (/srv/app/work.py:72)", 1_000_000, 2_000_000),
        ("crunch (/srv/app/work.py:12)", 1_000_000, 1_000_000),
        ("handle (/srv/app/work.py:52)", 2_000_000, 1_000_000),
    }


def test_lanes_are_coloured_by_state_and_have_the_names_of_threads() -> None:
    events = traced(make_program())
    colours = {event["cat"]: event["cname"] for event in events if "cname" in event}
    assert len(set(colours.values())) == len(colours)
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert (names[21], names[10]) == ("crunch (21)", "main thread (10)")


@MADE
def test_speedscope_is_of_its_schema_with_a_profile_for_each_state(made: Callable[[], ProgramRecord]) -> None:
    document = json.loads(report.render(made(), "speedscope"))
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(document)
    for profile in document["profiles"]:
        assert sum(profile["weights"]) == pytest.approx(profile["endValue"])
        assert {at for stack in profile["samples"] for at in stack} <= set(range(len(document["shared"]["frames"])))
    titles = [profile["name"] for profile in document["profiles"]]
    assert titles[:3] == ["on CPU, holding the GIL", "waiting for the GIL", "on CPU without the GIL"]


@MADE
def test_collapsed_lines_are_frames_and_a_count(made: Callable[[], ProgramRecord]) -> None:
    lines = report.render(made(), "collapsed").splitlines()
    assert len(lines) == len(make_program().stacks)
    assert all(re.fullmatch(r"\[[^;\]]+\](;[^;]+)+ \d+", line) for line in lines)


def test_csv_has_the_rows_of_every_table(tmp_path: Path) -> None:
    whole = make_program()
    path = tmp_path / "seen.csv"
    whole.to_csv(path)
    found = read_csv(path)
    tables = ("processes", "threads", "functions", "blame", "holds", "loops", "locks", "moments")
    for name in tables:
        frame: pd.DataFrame = getattr(whole, f"{name}_frame")()
        rows = found[found["table"] == name]
        assert len(rows) == len(frame) > 0
        for column in frame.columns:
            figures = frame[column].astype("object").dropna()
            if pd.api.types.is_numeric_dtype(frame[column]) and frame[column].dtype != "bool":
                read = [float(cell) for cell in rows[column].astype("object").dropna()]
                assert read == pytest.approx([float(cell) for cell in figures]), column
    assert set(found["table"]) == set(tables)


def test_an_event_loop_that_nothing_kept_is_told_of_too() -> None:
    loops = make_program().loops_frame()
    assert loops["thread"].tolist() == [10, 12]
    assert loops["lag_p99_s"].fillna(-1).tolist() == [0.03, -1]
    assert loops["function"].isna().tolist() == [False, True]
