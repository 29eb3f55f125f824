"""The timelines as trace events, by the rules of the viewers that open them; and what no export can be made of."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope import report
from gilscope.errors import OutputError
from gilscope.records import STATES, Lane, Target, Timeline
from gilscope.result import Result
from tests.unit.handmade import make_instrument, make_result, make_timeline, make_trial

VIEWERS = ("perfetto", "speedscope", "gecko", "collapsed")
#: Of Google's "Trace Event Format": complete events, counters and metadata, and what each must have.
PHASES = {
    "X": {"name", "cat", "pid", "tid", "ts", "dur"},
    "C": {"name", "pid", "tid", "ts", "args"},
    "M": {"name", "pid", "tid", "args"},
}
METADATA = {"process_name", "process_sort_index", "thread_name", "thread_sort_index"}

Event = dict[str, Any]


def traced(*results: Result) -> list[Event]:
    """The events, after a look at each for itself."""
    document = json.loads(report.render(results, "perfetto"))
    assert document["displayTimeUnit"] == "ms"
    events: list[Event] = document["traceEvents"]
    for event in events:
        assert set(event) - {"ph"} == PHASES[event["ph"]]
        assert {type(event[name]) for name in ("pid", "tid", "ts", "dur") if name in event} == {int}
        assert event["ph"] != "M" or event["name"] in METADATA
        assert event["ph"] != "C" or {type(value) for value in event["args"].values()} <= {int, float}
    return events


def lanes_of(events: list[Event]) -> dict[tuple[int, int], list[Event]]:
    """The complete events of each thread."""
    found = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            found[event["pid"], event["tid"]].append(event)
    return found


def names_of(events: list[Event], kind: str) -> list[str]:
    return [event["args"]["name"] for event in events if event["name"] == kind]


def counted(events: list[Event]) -> list[tuple[int, int]]:
    return [(event["ts"], event["args"]["worker"]) for event in events if event["ph"] == "C"]


def observed(*lanes: tuple[str, ...], backend: str = "thread", pid: int | None = 7) -> Result:
    """A trial whose threads changed their states every 10 ms."""
    told = tuple(
        Lane(pid=pid or at, tid=at, edges_s=tuple(edge / 100 for edge in range(len(states) + 1)), states=states)
        for at, states in enumerate(lanes, start=1)
    )
    return make_result(trials=(make_trial(backend, len(lanes), timeline=Timeline(wall_s=1.0, lanes=told)),))


def test_a_trial_is_a_process_and_a_worker_a_lane_of_it() -> None:
    trials = (make_trial(timeline=make_timeline(1)), make_trial("thread", 2, timeline=make_timeline(2)), make_trial())
    events = traced(make_result(trials=trials), make_result(target=Target(spec="app:other"), trials=trials[:1]))
    assert names_of(events, "process_name") == ["is_prime: serial", "is_prime: thread × 2", "other: serial"]
    assert names_of(events, "thread_name")[1:3] == [
        "worker 1 (process 7, thread 100)",
        "worker 2 (process 7, thread 101)",
    ]
    numbers = [event["tid"] for event in events if event["name"] == "thread_name"]
    assert len(set(numbers)) == 4, "Perfetto joins threads of one number, whatever their process"
    assert not set(numbers) & {event["pid"] for event in events}, "nor is one taken for the main thread"


def test_alike_neighbours_are_one_event_in_microseconds() -> None:
    (events,) = lanes_of(traced(observed(("network", "network", "cpu_gil", "elsewhere")))).values()
    assert [(event["cat"], event["ts"], event["dur"]) for event in events] == [
        ("network", 0, 20_000),
        ("cpu_gil", 20_000, 10_000),
        ("elsewhere", 30_000, 10_000),
    ]
    assert [event["name"] for event in events] == ["network", "on CPU, holding the GIL", "elsewhere"]


EDGES = st.lists(st.floats(0, 100, allow_nan=False), min_size=2, max_size=30).map(sorted)


@given(st.lists(EDGES, min_size=1, max_size=4), st.randoms())
def test_events_of_a_lane_neither_overlap_nor_leave_time_out(every: list[list[float]], random: Any) -> None:
    lanes = tuple(
        Lane(pid=1, tid=at, edges_s=tuple(edges), states=tuple(random.choice(STATES) for _ in edges[1:]))
        for at, edges in enumerate(every)
    )
    trial = make_trial("thread", len(lanes), timeline=Timeline(wall_s=100.0, lanes=lanes))
    drawn = lanes_of(traced(make_result(trials=(trial,))))
    for events in drawn.values():
        assert all(event["dur"] > 0 for event in events)
        assert all(one["ts"] + one["dur"] == other["ts"] for one, other in pairwise(events))
    wanted = [round(edges[-1] * 1e6) - round(edges[0] * 1e6) for edges in every]
    assert [sum(event["dur"] for event in events) for events in drawn.values()] == [time for time in wanted if time]


def test_the_counter_tells_who_holds_the_gil() -> None:
    events = traced(observed(("cpu_gil", "gil_wait", "sleep", "unknown"), ("gil_wait", "cpu_gil", "sleep", "sleep")))
    assert counted(events) == [(0, 1), (10_000, 2), (20_000, 0), (30_000, -1), (40_000, 0)]
    assert {event["name"] for event in events if event["ph"] == "C"} == {"GIL holder"}


@pytest.mark.parametrize(("backend", "pid"), [("process", None), ("interpreter", 7)])
def test_every_gil_has_a_counter_of_its_own(backend: str, pid: int | None) -> None:
    events = traced(observed(("cpu_gil", "sleep"), ("cpu_gil", "cpu_gil"), backend=backend, pid=pid))
    told = {
        name: [count for count in events if count["name"] == name]
        for name in ("GIL holder, worker 1", "GIL holder, worker 2")
    }
    assert [counted(each) for each in told.values()] == [[(0, 1), (10_000, 0)], [(0, 2), (20_000, 0)]]


def test_a_gil_that_was_never_seen_has_no_counter() -> None:
    assert counted(traced(observed(("cpu_free", "network"), ("unknown", "unknown")))) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.perfetto.json", "perfetto"),
        ("a.trace.json", "perfetto"),
        ("A.Speedscope.JSON", "speedscope"),
        ("a.b.gecko.json", "gecko"),
        ("a.profile.json", "gecko"),
        ("a.collapsed", "collapsed"),
        ("a.folded", "collapsed"),
        ("perfetto.json", "json"),
    ],
)
def test_suffixes_of_two_parts_are_known_before_those_of_one(path: str, name: str) -> None:
    assert report.format_for_path(f"some.json/{path}") == name


def test_a_folder_gets_no_exports() -> None:
    assert {name for _, name in report.expand_outputs("reports/", ["f"])} == {"html", "csv", "json", "md"}


@pytest.mark.parametrize("name", VIEWERS)
def test_a_result_without_what_the_viewer_shows_is_refused_and_says_why(name: str) -> None:
    bare = make_result(target=Target(spec="app:\x07f"), stacks=(), trials=(make_trial(),))
    what = "timeline" if name == "perfetto" else "stacks"
    with pytest.raises(OutputError, match=rf"app:.+f' has no {what} to export: .*earlier gilscope.*; analyze it again"):
        report.render([bare], name)
    blind = make_instrument(ledger_source="psutil", hot_source="none", reason="there is no /proc here")
    with pytest.raises(OutputError, match="to export: there is no /proc here; analyze it again"):
        report.render([make_result(stacks=(), trials=(), instrument=blind)], name)
    with pytest.raises(OutputError, match="there is no result"):
        report.render([], name)


def test_exports_beside_saved_results_are_not_taken_for_results(tmp_path: Path) -> None:
    from gilscope.report.sources import gather

    make_result().to_json(tmp_path / "a.json")
    (tmp_path / "a.perfetto.json").write_text('{"traceEvents": []}')
    sources = gather([tmp_path])
    assert (len(sources.results), sources.skipped) == (1, ())
