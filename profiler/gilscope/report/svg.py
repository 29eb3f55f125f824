"""The pictures that need a place for everything, curves and timelines, as SVG that fills any width.

Across, places are percents of the width; down, pixels. Lines run in a space of their own, which is stretched to the
width without its strokes; marks and words stand in the other, which is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from gilscope.report.palette import STATE_STYLES, BackendStyle, backend_style
from gilscope.report.pictures import best_of_each
from gilscope.units import duration, interval, number, rate

if TYPE_CHECKING:
    from gilscope.records import Lane
    from gilscope.report.pictures import Curve, CurveChart, Point, TimelineChart

__all__ = ["curves", "nice_ticks", "timeline"]

#: Pixels below a picture, for what is written there.
_BELOW: Final = 42


def _tag(name: str, *inner: str, **attributes: object) -> Markup:
    """An element with everything escaped; a hyphen in an attribute's name is told as an underscore."""
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    told = Markup().join(Markup(' {}="{}"').format(*pair) for pair in pairs)
    return Markup("<{0}{1}>{2}</{0}>").format(name, told, Markup().join(inner))


def _plot(about: str, height: float, *inner: str) -> Markup:
    return _tag("svg", *inner, class_="plot", role="img", aria_label=about, height=height + _BELOW)


def _stretched(width: float, rows: float, height: float, *inner: str, **attributes: object) -> Markup:
    """A space that is as wide as the picture, whatever it is measured in."""
    box = {"width": "100%", "height": height, "viewBox": f"0 0 {width} {rows}", "preserveAspectRatio": "none"}
    return _tag("svg", *inner, **box, **attributes)


def _place(share: float) -> str:
    return f"{100 * share:.5g}%"


def _below(x: float, height: float, text: str, line: int = 1) -> Markup:
    return _tag("text", text, x=_place(x), y=height + 18 * line, text_anchor="middle")


def _beside(y: float, text: str) -> Markup:
    return _tag("text", text, x=-8, y=f"{y + 4:.1f}", text_anchor="end")


def nice_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, from ``low`` to ``high``, not many more than ``most``."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [round(at * step, 12) for at in range(first, last + 1)]


# ---- curves ----

_HEIGHT: Final = 290
#: The width of the space for lines.
_SPACE: Final = 1000
#: Curves with as many workers stand so far apart, as a factor of the horizontal axis, lest they cover each other.
_APART: Final = 1.035
_MANY_TICKS: Final = 9
#: Pieces of a line between two points.
_PARTS: Final = 12


@dataclass(frozen=True)
class _Axes:
    most_workers: int
    highest: float
    shift: float = 1.0
    """A factor of the workers."""

    def x(self, workers: float) -> float:
        """On a logarithmic axis with some room at both ends; a fraction of the width."""
        low, high = 0.8, 1.25 * self.most_workers
        return math.log(workers * self.shift / low) / math.log(high / low)

    def y(self, value: float) -> float:
        """In pixels."""
        return _HEIGHT * (1 - value / self.highest)


def curves(chart: CurveChart) -> Markup:
    """Points with their intervals, a line through the best of each number of workers, the model's dashed, a ring around
    the knee."""
    points = [point for curve in chart.curves for point in curve.points]
    expected = [value for curve in chart.curves for _, value in curve.model]
    highest = 1.08 * max([max(point.value, point.high or 0.0) for point in points] + expected)
    most, middle = max(point.workers for point in points), (len(chart.curves) - 1) / 2
    told = [
        (curve, backend_style(curve.name, at), _Axes(most, highest, _APART ** (at - middle)))
        for at, curve in enumerate(chart.curves)
    ]
    lines = (line for each in told for line in _lines(*each))
    marks = (mark for each in told for mark in _marks(*each, chart.is_time))
    around = _around(_Axes(most, highest), {point.workers for point in points}, chart.is_time)
    return _plot(chart.about, _HEIGHT, *around, _stretched(_SPACE, _HEIGHT, _HEIGHT, *lines), *marks)


def _around(axes: _Axes, workers: set[int], is_time: bool) -> Iterator[Markup]:
    """The axes and the grid."""
    for value in nice_ticks(0, axes.highest):
        y = axes.y(value)
        yield _tag("line", class_="grid", x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}")
        yield _beside(y, duration(value) if is_time else number(value))
    few = sorted(workers) if len(workers) <= _MANY_TICKS else [1 << at for at in range(max(workers).bit_length())]
    yield from (_below(axes.x(count), _HEIGHT, f"{count:,}") for count in few)
    yield _below(0.5, _HEIGHT, "workers", line=2)


def _lines(curve: Curve, style: BackendStyle, axes: _Axes) -> Iterator[Markup]:
    measured = [(float(point.workers), point.value) for point in best_of_each(curve.points)]
    model = [(float(workers), value) for workers, value in curve.model]
    for kind, line in (("model", model), ("line", measured)):
        if len(line) > 1:
            places = (f"{_SPACE * axes.x(x):.1f} {axes.y(y):.1f}" for x, y in _straight(line))
            yield _tag("path", class_=kind, stroke=style.colour, d=f"M{'L'.join(places)}")


def _straight(line: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Joined as on an axis of plain workers: twice the workers on a line through the origin are twice the calls, which
    is no straight line on a logarithmic axis."""
    for (start, low), (end, high) in pairwise(line):
        for part in range(_PARTS):
            x = start * (end / start) ** (part / _PARTS)
            yield x, low + (high - low) * (x - start) / (end - start)
    yield line[-1]


def _marks(curve: Curve, style: BackendStyle, axes: _Axes, is_time: bool) -> Iterator[Markup]:
    for point in curve.points:
        x, ends = _place(axes.x(point.workers)), [axes.y(end or point.value) for end in (point.low, point.high)]
        yield _tag("line", x1=x, x2=x, y1=f"{ends[0]:.1f}", y2=f"{ends[1]:.1f}", stroke=style.colour, stroke_width=2)
        sign = _tag("path", _tag("title", _told(point, is_time)), d=style.shape, fill=style.colour)
        yield _tag("svg", sign, x=x, y=f"{axes.y(point.value):.1f}", overflow="visible")
    if curve.knee is not None:
        place = {"cx": _place(axes.x(curve.knee.workers)), "cy": f"{axes.y(curve.knee.value):.1f}"}
        yield _tag("circle", **place, r=11, fill="none", stroke=style.colour, stroke_width=2)


def _told(point: Point, is_time: bool) -> str:
    between = "" if point.low is None or point.high is None else f" ({interval(point.low, point.high)})"
    return f"{point.name}: {duration(point.value) if is_time else rate(point.value)}{between}"


# ---- the timeline of a round ----

_LANE_PX, _MOST_PX = 26, 560
#: As many steps of time are told apart, which is more than a sampler sees in what is drawn.
_STEPS: Final = 200_000


def timeline(chart: TimelineChart) -> Markup:
    """A lane per worker, the first on top; the page's script finds its stretches in the paths, and zooms."""
    step_s = max(chart.wall_s / _STEPS, 1e-6)
    unit_s, unit = (1e-3, "ms") if chart.wall_s < 1 else (1.0, "s")
    count, steps = len(chart.lanes), round(chart.wall_s / step_s)
    height = min(_MOST_PX, _LANE_PX * count)
    each, every = height / count, math.ceil(16 * count / height)
    numbers = (_beside((at - 0.5) * each, str(at)) for at in range(1, count + 1) if at == 1 or at % every == 0)
    ticks = _tag("g", *_ticks(chart.wall_s / unit_s, height), class_="ticks")
    told = _below(0.5, height, f"{unit}, a lane for each worker", line=2)
    data = {"data_scale": unit_s / step_s, "data_unit": unit, "stroke_width": f"{0.84 * each:.1f}"}
    lanes = _stretched(steps, count, height, *_paths(chart.lanes, step_s), class_="lanes", **data)
    return _plot(chart.about, height, ticks, *numbers, told, lanes)


def _ticks(wall: float, height: float) -> Iterator[Markup]:
    for value in nice_ticks(0, wall):
        x = _place(value / wall)
        yield _tag("line", class_="grid", x1=x, x2=x, y2=height)
        yield _below(value / wall, height, f"{value:g}")


def _paths(lanes: Sequence[Lane], step_s: float) -> Iterator[Markup]:
    """A path for each state, across in steps, down in lanes."""
    stretches = sorted(stretch for at, lane in enumerate(lanes) for stretch in _stretches(at, lane, step_s))
    for state, found in groupby(stretches, key=lambda stretch: stretch[0]):
        style = STATE_STYLES[state]
        yield _tag("path", data_title=style.title, stroke=style.colour, d=_path(list(found)))


def _stretches(at: int, lane: Lane, step_s: float) -> Iterator[tuple[str, int, int, int]]:
    """State, lane, start and end; alike neighbours made one."""
    edges = [round(edge_s / step_s) for edge_s in lane.edges_s]
    told = (state if state in STATE_STYLES else "unknown" for state in lane.states)
    for state, alike in groupby(zip(told, edges, edges[1:], strict=False), key=lambda part: part[0]):
        parts = list(alike)
        yield state, at, parts[0][1], parts[-1][2]


def _path(stretches: Sequence[tuple[str, int, int, int]]) -> str:
    """Each stretch a horizontal line in the middle of its lane; within a lane told from where the last one ended."""
    parts = []
    for at, in_lane in groupby(stretches, key=lambda stretch: stretch[1]):
        last = None
        for _, _, start, end in in_lane:
            move = f"M{start} {at}.5" if last is None else f"m{start - last} 0"
            parts.append(f"{move}h{end - start}")
            last = end
    return "".join(parts)
