"""What the pictures are drawn from: curves and knees, lanes, flames and latencies."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.records import Histogram, Lane, Prediction, Stack, Timeline
from gilscope.report import flames, latencies, timelines
from gilscope.report.charts import plots
from gilscope.report.charts.figures import kinds
from gilscope.report.curves import Curve, curves
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
    assert [(point.workers, point.per_s) for point in curve.line] == [(2, 5.0), (4, 8.0)]
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


def test_a_plot_holds_every_point_in_columns_of_one_length() -> None:
    found = curves(make_result())
    plot = plots.throughput(found)
    assert len(plot.sources["points"]["x"]) == sum(len(curve.points) for curve in found) == 4
    for columns in plot.sources.values():
        assert len({len(column) for column in columns.values()}) == 1
    assert plot.ticks == [1, 2]


def test_a_line_between_two_points_is_straight_in_plain_workers() -> None:
    source = plots.throughput(_threads(10, 20)).sources["measured"]
    (xs,), (ys,) = source["xs"], source["ys"]
    assert isinstance(xs, list)
    assert isinstance(ys, list)
    assert ys == pytest.approx([10 * x for x in xs])


# ---- timelines ----


def test_every_lane_has_its_states() -> None:
    plot = plots.timeline("timeline-1", make_timeline(lanes=3, turns=9))
    held = plot.sources["on CPU, holding the GIL"]
    assert sorted(held["lane"]) == [1] * 3 + [2] * 3 + [3] * 3
    assert held["right"] == pytest.approx([left + 10.0 for left in held["left"] if isinstance(left, float)])
    assert plot.unit == "ms"


def test_every_layer_of_a_plot_is_in_its_figure() -> None:
    for plot in (plots.throughput(curves(make_result())), plots.timeline("t", make_timeline())):
        layers = kinds()[plot.kind]["doc"]["roots"][0]["attributes"]["renderers"]
        assert plot.sources.keys() <= {layer["attributes"]["name"] for layer in layers}


def test_a_state_that_nobody_knows_is_unknown() -> None:
    lane = Lane(pid=1, tid=1, edges_s=(0.0, 1.0), states=("</script>",))
    assert timelines.seconds([lane]) == {"unknown": 1.0}
    assert list(plots.timeline("t", Timeline(wall_s=1.0, lanes=(lane,))).sources) == ["unknown"]


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


def test_the_round_that_waits_for_the_gil_comes_first() -> None:
    calm = Timeline(wall_s=1.0, lanes=(Lane(pid=1, tid=1, edges_s=(0.0, 1.0), states=("network",)),))
    trials = (
        make_trial(timeline=calm),
        make_trial("thread", 2, timeline=make_timeline()),
        make_trial("asyncio", 8, timeline=calm),
        make_trial("process", 2, start_method="spawn", timeline=calm),
        make_trial("thread", 4),
    )
    told = timelines.telling(make_result(trials=trials))
    assert [trial.backend for trial in told] == ["thread", "process", "serial"]


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
    path: list[flames.Frame] = []
    for frame in flames.flame(stacks).frames:
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
    found = {frame.name: frame for frame in flames.flame(stacks).frames}
    assert (found["main"].width, found["main"].gil_share) == (1.0, 0.35)
    assert (found["fetch"].left, found["fetch"].width, found["parse"].left) == pytest.approx((0.0, 0.6, 0.6))
    rows = {row.cells[0]: row.cells[1:] for row in flames.functions(stacks).rows}
    assert rows == {
        "fetch": ("60%", "60%", "0%"),
        "parse": ("30%", "30%", "30%"),
        "main": ("10%", "100%", "5%"),
    }


def test_too_many_frames_are_left_out_and_counted() -> None:
    wide = [Stack(frames=(f"f{at}",), samples=1) for at in range(1000)]
    assert flames.flame(wide).left_out == 1000
    deep = flames.flame([Stack(frames=tuple(map(str, range(100))), samples=1)])
    assert deep.depth + deep.left_out == 100
    assert flames.flame([]).frames == ()


def test_the_gil_of_a_flame_is_unknown_where_one_stack_does_not_know() -> None:
    stacks = [Stack(frames=("f",), samples=1, gil_samples=1), Stack(frames=("f", "g"), samples=1)]
    assert [frame.gil_share for frame in flames.flame(stacks).frames] == [None, None]
    assert {row.cells[-1] for row in flames.functions(stacks).rows} == {"unknown"}


# ---- latencies ----

_EDGES = st.lists(st.floats(0, 1e15), min_size=2, max_size=8, unique=True).map(sorted)


@given(_EDGES, st.data())
def test_a_histogram_stays_on_its_axis(edges: list[float], data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(0, 99), min_size=len(edges) - 1, max_size=len(edges) - 1))
    trial = make_trial(latencies=Histogram(edges_s=tuple(edges), counts=tuple(counts)))
    axis = latencies.spreads(make_result(trials=(trial,)))
    for spread in axis.spreads:
        for step in spread.steps:
            assert -1e-9 <= step.left <= step.left + step.width <= 1 + 1e-9
            assert 0 < step.height <= 1
    assert all(0 <= tick.place <= 1 for tick in axis.ticks)


def test_trials_share_a_logarithmic_axis() -> None:
    def timed(workers: int, low: float, high: float) -> object:
        return make_trial("thread", workers, latencies=Histogram(edges_s=(low, high), counts=(5,)), latency_p50_s=0.01)

    axis = latencies.spreads(make_result(trials=(timed(1, 0.001, 0.01), timed(2, 0.01, 0.1))))
    first, second = axis.spreads
    assert (first.steps[0].left, second.steps[0].left, second.p50) == pytest.approx((0.0, 0.5, 0.5))
    assert [tick.text for tick in axis.ticks if tick.decade] == ["1.00 ms", "10.0 ms", "100 ms"]
    assert not math.isnan(first.steps[0].height)
    assert [row.cells[:3] for row in latencies.table(axis).rows] == [
        ("thread × 1", "5", "1.00 ms"),
        ("thread × 2", "5", "10.0 ms"),
    ]
