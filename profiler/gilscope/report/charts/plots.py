"""What a zoomable picture shows, as plain numbers and strings: the throughput of every backend against its workers, and
the lanes of a timeline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gilscope.report.palette import STATE_STYLES
from gilscope.units import duration, interval, rate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gilscope.records import Lane, Timeline
    from gilscope.report.curves import Curve

__all__ = ["BACKEND_STYLES", "BackendStyle", "Plot", "backend_style", "throughput", "timeline"]

Columns = dict[str, list[float | str | list[float]]]


@dataclass(frozen=True)
class BackendStyle:
    """How a backend is drawn: by a colour that stands out on white and on black, and by a shape."""

    colour: str
    marker: str
    """As Bokeh calls it."""
    sign: str
    """The same in text."""


_OTHERS: Final = (
    BackendStyle("#b8860b", "inverted_triangle", "▼"),
    BackendStyle("#8a6fc0", "hex", "⬢"),
    BackendStyle("#a0522d", "star", "★"),
)
#: After Okabe & Ito, told apart by readers who see few colours; the first four are gilscope's own backends.
BACKEND_STYLES: Final = {
    "serial": BackendStyle("#7b8190", "circle", "●"),
    "thread": BackendStyle("#1f83c4", "square", "■"),
    "process": BackendStyle("#d55e00", "triangle", "▲"),
    "asyncio": BackendStyle("#009e73", "diamond", "◆"),
    "interpreter": BackendStyle("#cc79a7", "plus", "✚"),
}


def backend_style(backend: str, at: int) -> BackendStyle:
    """The style of a backend, the ``at``-th of those drawn."""
    return BACKEND_STYLES.get(backend, _OTHERS[at % len(_OTHERS)])


@dataclass(frozen=True)
class Plot:
    """The contents of a figure, ready for JSON."""

    name: str
    """Unique among those of a result."""
    kind: str
    """The figure to draw it in: ``throughput`` or ``timeline``."""
    height: int
    """Pixels."""
    x: tuple[float, float]
    y: tuple[float, float]
    unit: str
    """What the horizontal axis counts."""
    y_unit: str = ""
    """What the vertical one counts; empty where the figure says it."""
    ticks: list[int] = field(default_factory=list)
    """Places of the horizontal ticks; empty where the figure knows best."""
    sources: dict[str, Columns] = field(default_factory=dict)
    """Columns of each layer, by its name."""


# ---- throughput against workers ----

#: Backends with as many workers stand so far apart, as a factor of the horizontal axis, lest they cover each other.
_APART: Final = 1.035
_MANY_TICKS: Final = 9
#: Pieces of a line between two points.
_PARTS: Final = 12


def throughput(
    curves: tuple[Curve, ...],
    name: str = "throughput",
    y_unit: str = "calls per second",
    show: Callable[[float | None], str] = rate,
) -> Plot:
    """Points with their intervals, a line through each backend's best, the model's dashed through it, a ring around
    each knee.

    :param show: the words for a figure of the vertical axis
    """
    most = max(point.workers for curve in curves for point in curve.points)
    highest = max(point.high for curve in curves for point in curve.points)
    expected = max((per_s for curve in curves for _, per_s in curve.model), default=0.0)
    sources: dict[str, Columns] = {}
    for at, curve in enumerate(curves):
        _add_curve(sources, curve, at, len(curves), show)
    return Plot(
        name=name,
        kind="throughput",
        height=340,
        x=(0.8, 1.25 * most),
        y=(0.0, 1.08 * max(highest, expected)),
        unit="workers",
        y_unit=y_unit,
        ticks=_ticks({point.workers for curve in curves for point in curve.points}),
        sources=sources,
    )


def _ticks(workers: set[int]) -> list[int]:
    if len(workers) <= _MANY_TICKS:
        return sorted(workers)
    return [1 << power for power in range(max(workers).bit_length())]


def _add_curve(
    sources: dict[str, Columns], curve: Curve, at: int, count: int, show: Callable[[float | None], str]
) -> None:
    """Column by column, as Bokeh wants it."""
    style, shift = backend_style(curve.backend, at), _APART ** (at - (count - 1) / 2)
    for name, line in (("measured", [(float(p.workers), p.per_s) for p in curve.line]), ("model", list(curve.model))):
        if len(line) > 1:
            xs, ys = _straight(line)
            _append(sources, name, xs=[x * shift for x in xs], ys=ys, colour=style.colour)
    for point in curve.points:
        x = point.workers * shift
        known = interval(point.low, point.high) if point.has_interval else "interval unknown"
        look = {"colour": style.colour, "marker": style.marker}
        _append(sources, "interval", x=x, low=point.low, high=point.high, colour=style.colour)
        _append(sources, "points", x=x, y=point.per_s, name=point.name, value=f"{show(point.per_s)} ({known})", **look)
    if curve.knee is not None:
        _append(sources, "knee", x=curve.knee.workers * shift, y=curve.knee.per_s, colour=style.colour)


def _straight(line: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Joined as on an axis of plain workers: twice the workers on a line through the origin are twice the calls, which
    is no straight line on a logarithmic axis."""
    xs, ys = [], []
    for (start, low), (end, high) in pairwise(line):
        for part in range(_PARTS):
            x = start * (end / start) ** (part / _PARTS)
            xs.append(x)
            ys.append(low + (high - low) * (x - start) / (end - start))
    ends = line[-1:]
    return [*xs, *(x for x, _ in ends)], [*ys, *(y for _, y in ends)]


def _append(sources: dict[str, Columns], layer: str, **values: float | str | list[float]) -> None:
    columns = sources.setdefault(layer, {})
    for name, value in values.items():
        columns.setdefault(name, []).append(value)


# ---- the timeline of a round ----

_LANE_PX, _AROUND_PX, _MOST_PX = 26, 70, 620


def timeline(name: str, drawn: Timeline) -> Plot:
    """A lane per worker, the first on top; a layer per state, called by its title."""
    scale, unit = (1e3, "ms") if drawn.wall_s < 1 else (1.0, "s")
    lanes = len(drawn.lanes)
    sources: dict[str, Columns] = {}
    for at, lane in enumerate(drawn.lanes, start=1):
        _add_lane(sources, lane, at, scale)
    return Plot(
        name=name,
        kind="timeline",
        height=min(_MOST_PX, _LANE_PX * lanes + _AROUND_PX),
        x=(0.0, drawn.wall_s * scale),
        y=(lanes + 0.5, 0.5),
        unit=unit,
        sources=sources,
    )


def _add_lane(sources: dict[str, Columns], lane: Lane, at: int, scale: float) -> None:
    for state, start, end in zip(lane.states, lane.edges_s, lane.edges_s[1:], strict=False):
        style = STATE_STYLES.get(state, STATE_STYLES["unknown"])
        ends = {"left": round(start * scale, 6), "right": round(end * scale, 6)}
        _append(sources, style.title, lane=at, length=duration(end - start), **ends)
