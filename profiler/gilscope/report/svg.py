"""Curves as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from gilscope.report.palette import BackendStyle, backend_style
from gilscope.report.pictures import best_of_each
from gilscope.report.svg_elements import below, beside, nice_ticks, place, plot, stretched, tag
from gilscope.units import duration, interval, number, rate, thousands

if TYPE_CHECKING:
    from gilscope.report.pictures import Curve, CurveChart, Point

__all__ = ["curves"]

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
    return plot(chart.about, _HEIGHT, *around, stretched(_SPACE, _HEIGHT, _HEIGHT, *lines), *marks)


def _around(axes: _Axes, workers: set[int], is_time: bool) -> Iterator[Markup]:
    """The axes and the grid."""
    for value in nice_ticks(0, axes.highest):
        y = axes.y(value)
        yield tag("line", class_="grid", x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}")
        yield beside(y, duration(value) if is_time else number(value))
    few = sorted(workers) if len(workers) <= _MANY_TICKS else [1 << at for at in range(max(workers).bit_length())]
    yield from (below(axes.x(count), _HEIGHT, thousands(count)) for count in few)
    yield below(0.5, _HEIGHT, "workers", line=2)


def _lines(curve: Curve, style: BackendStyle, axes: _Axes) -> Iterator[Markup]:
    measured = [(float(point.workers), point.value) for point in best_of_each(curve.points)]
    model = [(float(workers), value) for workers, value in curve.model]
    for kind, line in (("model", model), ("line", measured)):
        if len(line) > 1:
            places = (f"{_SPACE * axes.x(x):.1f} {axes.y(y):.1f}" for x, y in _straight(line))
            yield tag("path", class_=kind, stroke=style.colour, d=f"M{'L'.join(places)}")


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
        x, ends = place(axes.x(point.workers)), [axes.y(end or point.value) for end in (point.low, point.high)]
        yield tag("line", x1=x, x2=x, y1=f"{ends[0]:.1f}", y2=f"{ends[1]:.1f}", stroke=style.colour, stroke_width=2)
        sign = tag("path", tag("title", _told(point, is_time)), d=style.shape, fill=style.colour)
        yield tag("svg", sign, x=x, y=f"{axes.y(point.value):.1f}", overflow="visible")
    if curve.knee is not None:
        ring = {"cx": place(axes.x(curve.knee.workers)), "cy": f"{axes.y(curve.knee.value):.1f}"}
        yield tag("circle", **ring, r=11, fill="none", stroke=style.colour, stroke_width=2)


def _told(point: Point, is_time: bool) -> str:
    between = "" if point.low is None or point.high is None else f" ({interval(point.low, point.high)})"
    return f"{point.name}: {duration(point.value) if is_time else rate(point.value)}{between}"
