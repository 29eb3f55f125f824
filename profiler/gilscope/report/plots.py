"""The drawings that need a place for everything: curves and timelines, as numbers for an SVG that fills any width.

Across, places are fractions of the width; down, pixels. Lines run in a space of their own, which is stretched to the
width without its strokes; marks and words stand in the other, which is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from gilscope.report.palette import STATE_STYLES, BackendStyle, backend_style
from gilscope.report.pictures import best_of_each
from gilscope.units import duration, interval, number, rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gilscope.records import Lane
    from gilscope.report.pictures import Curve, CurveChart, Point, TimelineChart

__all__ = ["SPACE", "CurvePlot", "TimelinePlot", "curve_plot", "nice_ticks", "timeline_plot"]

#: Of the space that is stretched.
SPACE: Final = 1000


@dataclass(frozen=True)
class Mark:
    """A point with its interval."""

    x: float
    y: float
    low: float
    high: float
    told: str


@dataclass(frozen=True)
class CurveLines:
    """A curve, laid out."""

    name: str
    style: BackendStyle
    line: str
    """An SVG path; empty where there is a single point."""
    model: str
    marks: tuple[Mark, ...]
    knee: tuple[float, float] | None


@dataclass(frozen=True)
class CurvePlot:
    """Curves on their axes."""

    height: int
    curves: tuple[CurveLines, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


#: Pixels of the space for curves.
_HEIGHT: Final = 290
#: Curves with as many workers stand so far apart, as a factor of the horizontal axis, lest they cover each other.
_APART: Final = 1.035
_MANY_TICKS: Final = 9
#: Pieces of a line between two points.
_PARTS: Final = 12


@dataclass(frozen=True)
class _Axes:
    most_workers: int
    highest: float

    def x(self, workers: float) -> float:
        """On a logarithmic axis with some room at both ends."""
        low, high = 0.8, 1.25 * self.most_workers
        return math.log(workers / low) / math.log(high / low)

    def y(self, value: float) -> float:
        return _HEIGHT * (1 - value / self.highest)

    def path(self, line: Sequence[tuple[float, float]]) -> str:
        """Empty where there are not two points."""
        places = (f"{SPACE * self.x(x):.1f} {self.y(y):.1f}" for x, y in line)
        return f"M{'L'.join(places)}" if len(line) > 1 else ""


def curve_plot(chart: CurveChart) -> CurvePlot:
    """Points with their intervals, a line through the best of each number of workers, the model's, a ring around the
    knee."""
    points = [point for curve in chart.curves for point in curve.points]
    expected = [value for curve in chart.curves for _, value in curve.model]
    highest = max([max(point.value, point.high or 0.0) for point in points] + expected)
    axes = _Axes(max(point.workers for point in points), 1.08 * highest)
    middle = (len(chart.curves) - 1) / 2
    return CurvePlot(
        height=_HEIGHT,
        curves=tuple(_lines(curve, at, _APART ** (at - middle), axes, chart) for at, curve in enumerate(chart.curves)),
        x_ticks=tuple((axes.x(workers), f"{workers:,}") for workers in _ticks({point.workers for point in points})),
        y_ticks=tuple(
            (axes.y(value), duration(value) if chart.is_time else number(value))
            for value in nice_ticks(0, axes.highest)
        ),
    )


def _ticks(workers: set[int]) -> list[int]:
    if len(workers) <= _MANY_TICKS:
        return sorted(workers)
    return [1 << power for power in range(max(workers).bit_length())]


def nice_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, from ``low`` to ``high``, not many more than ``most``."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [round(at * step, 12) for at in range(first, last + 1)]


def _lines(curve: Curve, at: int, shift: float, axes: _Axes, chart: CurveChart) -> CurveLines:
    measured = [(float(point.workers), point.value) for point in best_of_each(curve.points)]
    model = [(float(workers), value) for workers, value in curve.model]
    return CurveLines(
        name=curve.name,
        style=backend_style(curve.name, at),
        line=axes.path(_straight(measured, shift)),
        model=axes.path(_straight(model, shift)),
        marks=tuple(_mark(point, shift, axes, chart.is_time) for point in curve.points),
        knee=None if curve.knee is None else (axes.x(curve.knee.workers * shift), axes.y(curve.knee.value)),
    )


def _mark(point: Point, shift: float, axes: _Axes, is_time: bool) -> Mark:
    low = point.value if point.low is None else point.low
    high = point.value if point.high is None else point.high
    told = duration(point.value) if is_time else rate(point.value)
    between = "" if point.low is None or point.high is None else f" ({interval(point.low, point.high)})"
    return Mark(
        axes.x(point.workers * shift), axes.y(point.value), axes.y(low), axes.y(high), f"{point.name}: {told}{between}"
    )


def _straight(line: Sequence[tuple[float, float]], shift: float) -> list[tuple[float, float]]:
    """Joined as on an axis of plain workers: twice the workers on a line through the origin are twice the calls, which
    is no straight line on a logarithmic axis."""
    pieces = [
        (start * (end / start) ** (part / _PARTS), low, high, start, end)
        for (start, low), (end, high) in pairwise(line)
        for part in range(_PARTS)
    ]
    found = [(x * shift, low + (high - low) * (x - start) / (end - start)) for x, low, high, start, end in pieces]
    return [*found, *((x * shift, y) for x, y in line[-1:])]


# ---- the timeline of a round ----

_LANE_PX, _MOST_PX = 26, 560
#: As many steps of time are told apart, which is more than a sampler sees in what is drawn.
_STEPS: Final = 200_000


@dataclass(frozen=True)
class TimelinePlot:
    """Lanes, each as stretches of states."""

    height: int
    lane: float
    """Pixels from one lane to the next."""
    wall: int
    """The time that is drawn, in steps."""
    scale: float
    """Steps in a unit."""
    unit: str
    paths: tuple[tuple[str, str], ...]
    """Of each state the SVG path of its stretches: across in steps, down in lanes."""
    ticks: tuple[tuple[float, str], ...]
    numbers: tuple[int, ...]
    """Lanes whose number there is room for."""


def timeline_plot(chart: TimelineChart) -> TimelinePlot:
    """A lane per worker, the first on top."""
    step_s = max(chart.wall_s / _STEPS, 1e-6)
    unit_s, unit = (1e-3, "ms") if chart.wall_s < 1 else (1.0, "s")
    height = min(_MOST_PX, _LANE_PX * len(chart.lanes))
    every = math.ceil(16 * len(chart.lanes) / height)
    stretches = sorted(stretch for at, lane in enumerate(chart.lanes) for stretch in _stretches(at, lane, step_s))
    paths = {state: _path(list(found)) for state, found in groupby(stretches, key=lambda stretch: stretch[0])}
    wall = chart.wall_s / unit_s
    return TimelinePlot(
        height=height,
        lane=height / len(chart.lanes),
        wall=round(chart.wall_s / step_s),
        scale=unit_s / step_s,
        unit=unit,
        paths=tuple((state, paths[state]) for state in STATE_STYLES if state in paths),
        ticks=tuple((value / wall, f"{value:g}") for value in nice_ticks(0, wall)),
        numbers=tuple(at for at in range(1, len(chart.lanes) + 1) if at == 1 or at % every == 0),
    )


def _stretches(at: int, lane: Lane, step_s: float) -> Iterator[tuple[str, int, int, int]]:
    """State, lane, start and end; alike neighbours made one."""
    edges = [round(edge_s / step_s) for edge_s in lane.edges_s]
    told = (state if state in STATE_STYLES else "unknown" for state in lane.states)
    for state, alike in groupby(zip(told, edges, edges[1:], strict=False), key=lambda part: part[0]):
        parts = list(alike)
        yield state, at, parts[0][1], parts[-1][2]


def _path(stretches: list[tuple[str, int, int, int]]) -> str:
    """Each stretch a horizontal line in the middle of its lane; within a lane told from where the last one ended."""
    parts = []
    for at, in_lane in groupby(stretches, key=lambda stretch: stretch[1]):
        last = 0
        for is_next, (_, _, start, end) in enumerate(in_lane):
            move = f"m{start - last} 0" if is_next else f"M{start} {at}.5"
            parts.append(f"{move}h{end - start}")
            last = end
    return "".join(parts)
