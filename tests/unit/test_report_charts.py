"""What the pictures are drawn from: curves and knees, lanes, flames and latencies."""

from __future__ import annotations

import math
import re
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.records import Histogram, Lane, Prediction, Stack, Timeline, Trial
from gilscope.report import svg
from gilscope.report.palette import STATE_STYLES
from gilscope.report.pictures import Curve, CurveChart, FlameFrame, LatencyChart, TimelineChart, best_of_each
from gilscope.report.sections import hot, timelines
from gilscope.report.sections.latencies import latencies
from gilscope.report.sections.throughput import curves
from gilscope.report.svg_elements import nice_ticks
from gilscope.report.svg_timeline import timeline
from tests.unit.documents import the
from tests.unit.handmade import make_result, make_timeline, make_trial

# ---- throughput against workers ----


def _threads(*rates: float) -> tuple[Curve, ...]:
    trials = [make_trial("thread", 1 << at, throughput_per_s=rate) for at, rate in enumerate(rates)]
    return curves(make_result(trials=tuple(reversed(trials)), predictions=()))


def test_a_curve_runs_through_the_best_of_each_number_of_workers() -> None:
    trials = (
        make_trial("process", 4, throughput_per_s=8.0, chunksize=4),
        make_trial("process", 2, throughput_per_s=5.0),
        make_trial("process", 4, throughput_per_s=7.0),
        make_trial("thread", 2, throughput_per_s=None),
    )
    (curve,) = curves(make_result(trials=trials))
    assert [(point.workers, point.value) for point in best_of_each(curve.points)] == [(2, 5.0), (4, 8.0)]
    assert len(curve.points) == 3


def test_the_knee_is_where_more_workers_gain_nothing() -> None:
    (curve,) = _threads(10, 19, 30, 31, 29)
    assert curve.knee is not None
    assert curve.knee.workers == 4


def test_a_curve_that_still_rises_has_no_knee() -> None:
    assert [curve.knee for curve in _threads(10, 19, 38)] == [None]
    assert [curve.knee for curve in _threads(10)] == [None]


def test_the_model_starts_at_the_solo_run_and_is_of_this_machine() -> None:
    def expected(workers: int, per_s: float, cpus: float = 2.0, threads: int | None = None) -> Prediction:
        return Prediction(
            backend="thread", workers=workers, cpus=cpus, throughput_per_s=per_s, threads_per_process=threads
        )

    predictions = (expected(8, 20.0), expected(2, 5.5), expected(16, 90.0, cpus=16.0), expected(4, 9.0, threads=2))
    trials = (make_trial(throughput_per_s=3.0), make_trial("thread", 2))
    serial, thread = curves(make_result(trials=trials, predictions=predictions))
    assert serial.model == ()
    assert thread.model == ((1, 3.0), (2, 5.5), (8, 20.0))


def _drawn(*found: Curve) -> Element:
    return fromstring(svg.curves(CurveChart(found, "calls per second", about="x")))


def _marks(drawn: Element) -> list[tuple[float, float]]:
    """The points, as fractions of the width and pixels from the top."""
    return [
        (float(mark.attrib["x"].rstrip("%")) / 100, float(mark.attrib["y"]))
        for mark in drawn.findall("svg")
        if mark.find("path/title") is not None
    ]


def _texts(drawn: Element, anchor: str) -> list[str]:
    return [each.text or "" for each in drawn.findall("text") if each.attrib["text-anchor"] == anchor]


def test_a_picture_has_every_point_within_it() -> None:
    found = curves(make_result())
    drawn = _drawn(*found)
    marks = _marks(drawn)
    assert len(marks) == sum(len(curve.points) for curve in found) == 4
    height = float(drawn.attrib["height"])
    assert all(0 < x < 1 and 0 <= y <= height for x, y in marks)
    assert _texts(drawn, "middle") == ["1", "2", "workers"]
    assert _texts(drawn, "end") == ["0", "1.00", "2.00", "3.00", "4.00", "5.00", "6.00"]
    assert [title.text for title in drawn.iter("title")][2] == "process × 2: 5.73/s (5.40–6.00)"


def test_a_line_between_two_points_is_straight_in_plain_workers() -> None:
    drawn = _drawn(*_threads(10, 20))
    (start, low), (end, high) = _marks(drawn)
    line = drawn.find("svg/path[@class='line']")
    assert line is not None
    for place in line.attrib["d"].removeprefix("M").split("L"):
        x, y = map(float, place.split())
        workers = math.exp((x / 1000 - start) / (end - start) * math.log(2))
        assert (y - low) / (high - low) == pytest.approx(workers - 1, abs=0.01)


def test_a_knee_is_ringed_where_it_is() -> None:
    drawn = _drawn(*_threads(10, 19, 30, 31, 29))
    (ring,) = drawn.findall("circle")
    assert (float(ring.attrib["cx"].rstrip("%")) / 100, float(ring.attrib["cy"])) == _marks(drawn)[2]
    assert _drawn(*_threads(10, 19, 38)).findall("circle") == []


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9))
def test_ticks_are_few_and_round_and_within(low: float, width: float) -> None:
    ticks = nice_ticks(low, low + width)
    assert 2 <= len(ticks) <= 10
    assert all(low - 1e-6 * width <= tick <= low + width * (1 + 1e-6) for tick in ticks)


# ---- timelines ----


def _lanes(drawn: Timeline) -> Element:
    states = tuple(timelines.seconds(drawn.lanes))
    chart = TimelineChart("t", "told", drawn.wall_s, drawn.lanes, states, about="x")
    found = fromstring(timeline(chart)).find("svg")
    assert found is not None
    return found


def _stretches(lanes: Element, title: str) -> list[tuple[int, float, float]]:
    """Lane, start and end in the unit of the picture, of each stretch of a state, read as the page's script does."""
    (path,) = lanes.findall(f"path[@data-title='{title}']")
    scale = float(lanes.attrib["data-scale"])
    found, x, lane = [], 0, 0
    for start, row, gap, length in re.findall(r"(?:M(\d+) (\d+)\.5|m(\d+) 0)h(\d+)", path.attrib["d"]):
        x, lane = (int(start), int(row)) if start else (x + int(gap), lane)
        found.append((lane, x / scale, (x + int(length)) / scale))
        x += int(length)
    return found


HELD, WAITING = STATE_STYLES["cpu_gil"].title, STATE_STYLES["gil_wait"].title


def test_every_lane_has_its_states() -> None:
    lanes = _lanes(make_timeline(lanes=3, turns=9))
    held = _stretches(lanes, HELD)
    assert [lane for lane, _, _ in held] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [start for _, start, _ in held[:4]] == pytest.approx([0, 30, 60, 10])
    assert [end - start for _, start, end in held] == pytest.approx([10.0] * 9)
    assert lanes.attrib["data-unit"] == "ms"
    assert sum(end - start for _, start, end in [*held, *_stretches(lanes, WAITING)]) == pytest.approx(3 * 90)


def test_alike_neighbours_are_one_stretch() -> None:
    lane = Lane(pid=1, tid=1, edges_s=(0.0, 0.1, 0.2, 0.3), states=("network", "network", "cpu_gil"))
    lanes = _lanes(Timeline(wall_s=0.3, lanes=(lane,)))
    assert [path.attrib["data-title"] for path in lanes] == [HELD, "network"]
    assert len(_stretches(lanes, "network")) == 1


def test_a_state_that_nobody_knows_is_unknown() -> None:
    lane = Lane(pid=1, tid=1, edges_s=(0.0, 1.0), states=("</script>",))
    assert timelines.seconds([lane]) == {"unknown": 1.0}
    assert [path.attrib["data-title"] for path in _lanes(Timeline(wall_s=1.0, lanes=(lane,)))] == ["unknown"]


@given(st.integers(1, 80), st.integers(1, 200))
def test_a_long_timeline_is_cut_to_its_beginning(lanes: int, turns: int) -> None:
    whole = make_timeline(lanes, turns)
    drawn = timelines.cut(whole)
    assert len(drawn.lanes) == min(lanes, timelines.MOST_LANES)
    assert sum(len(lane.states) for lane in drawn.lanes) <= timelines.MOST_SPANS + timelines.MOST_LANES
    for before, after in zip(whole.lanes, drawn.lanes, strict=False):
        assert after.edges_s[-1] == pytest.approx(drawn.wall_s)
        assert before.states[: len(after.states)] == after.states
    if lanes * turns <= timelines.MOST_SPANS and lanes <= timelines.MOST_LANES:
        assert drawn == whole


def test_the_recommended_round_comes_first_and_then_the_one_that_waits_for_the_gil() -> None:
    calm = Timeline(wall_s=1.0, lanes=(Lane(pid=1, tid=1, edges_s=(0.0, 1.0), states=("network",)),))
    trials = (
        make_trial(timeline=calm),
        make_trial("thread", 2, timeline=make_timeline()),
        make_trial("asyncio", 8, timeline=calm),
        make_trial("process", 2, start_method="spawn", timeline=calm),
        make_trial("thread", 4),
    )
    told = timelines.telling(make_result(trials=trials))
    assert [trial.backend for trial in told] == ["process", "thread", "serial"]


# ---- flames ----

_STACKS = st.lists(
    st.builds(
        Stack,
        frames=st.lists(st.sampled_from("abcd"), max_size=5).map(tuple),
        samples=st.integers(0, 50),
        gil_samples=st.none() | st.integers(0, 50),
    ),
    max_size=12,
)


@given(_STACKS)
def test_what_is_called_stands_within_its_caller(stacks: list[Stack]) -> None:
    path: list[FlameFrame] = []
    for frame in hot.flame_graph(stacks).frames:
        path = [*path[: frame.depth], frame]
        assert len(path) == frame.depth + 1
        assert 0 <= frame.left <= frame.left + frame.width <= 1 + 1e-9
        if frame.depth:
            caller = path[frame.depth - 1]
            assert caller.left - 1e-9 <= frame.left
            assert frame.left + frame.width <= caller.left + caller.width + 1e-9


def test_a_flame_is_as_wide_as_its_samples_and_as_blue_as_its_gil() -> None:
    stacks = [
        Stack(frames=("main", "parse"), samples=30, gil_samples=30),
        Stack(frames=("main", "fetch"), samples=60, gil_samples=0),
        Stack(frames=("main",), samples=10, gil_samples=5),
    ]
    found = {frame.name: frame for frame in hot.flame_graph(stacks).frames}
    assert (found["main"].width, found["main"].gil_share) == (1.0, 0.35)
    assert (found["fetch"].left, found["fetch"].width, found["parse"].left) == pytest.approx((0.0, 0.6, 0.6))
    rows = {row.cells[0]: row.cells[1:] for row in hot.functions(stacks).rows}
    assert rows == {
        "fetch": ("60%", "60%", "0%"),
        "parse": ("30%", "30%", "30%"),
        "main": ("10%", "100%", "5%"),
    }


def test_too_many_frames_are_left_out_and_counted() -> None:
    wide = [Stack(frames=(f"f{at}",), samples=1) for at in range(1000)]
    assert hot.flame_graph(wide).left_out == 1000
    deep = hot.flame_graph([Stack(frames=tuple(map(str, range(100))), samples=1)])
    assert deep.depth + deep.left_out == 100
    assert hot.flame_graph([]).frames == ()


def test_the_gil_of_a_flame_is_unknown_where_one_stack_does_not_know() -> None:
    stacks = [Stack(frames=("f",), samples=1, gil_samples=1), Stack(frames=("f", "g"), samples=1)]
    assert [frame.gil_share for frame in hot.flame_graph(stacks).frames] == [None, None]
    assert {row.cells[-1] for row in hot.functions(stacks).rows} == {"unknown"}


# ---- latencies ----

_EDGES = st.lists(st.floats(0, 1e15), min_size=2, max_size=8, unique=True).map(sorted)


@given(_EDGES, st.data())
def test_a_histogram_stays_on_its_axis(edges: list[float], data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(0, 99), min_size=len(edges) - 1, max_size=len(edges) - 1))
    trial = make_trial(latencies=Histogram(edges_s=tuple(edges), counts=tuple(counts)))
    section = latencies(make_result(trials=(trial,)))
    if section is None:
        return  # no call that a clock could have seen
    chart = the(LatencyChart, section)
    for row in chart.rows:
        for left, width, height in row.steps:
            assert -1e-9 <= left <= left + width <= 1 + 1e-9
            assert 0 < height <= 1
    assert all(0 <= place <= 1 for place, _, _ in chart.ticks)


def test_trials_share_a_logarithmic_axis() -> None:
    def timed(workers: int, low: float, high: float) -> Trial:
        return make_trial("thread", workers, latencies=Histogram(edges_s=(low, high), counts=(5,)), latency_p50_s=0.01)

    chart = the(LatencyChart, latencies(make_result(trials=(timed(1, 0.001, 0.01), timed(2, 0.01, 0.1)))))
    first, second = chart.rows
    assert (first.steps[0][0], second.steps[0][0], second.marks[0]) == pytest.approx((0.0, 0.5, 0.5))
    assert [text for _, text, decade in chart.ticks if decade] == ["1.00 ms", "10.0 ms", "100 ms"]
    assert not math.isnan(first.steps[0][2])
    assert chart.table is not None
    assert [row.cells[:3] for row in chart.table.rows] == [
        ("thread × 1", "5", "1.00 ms"),
        ("thread × 2", "5", "10.0 ms"),
    ]


# ---- colours ----


def _luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour (WCAG 2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    levels = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (level / 12.92 if level <= 0.03928 else ((level + 0.055) / 1.055) ** 2.4 for level in levels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("state", STATE_STYLES)
def test_what_is_written_on_a_colour_stands_out_from_it(state: str) -> None:
    levels = sorted(_luminance(colour) for colour in (STATE_STYLES[state].colour, STATE_STYLES[state].ink))
    assert (levels[1] + 0.05) / (levels[0] + 0.05) >= 4.5, "the least contrast of WCAG 2 (AA)"
