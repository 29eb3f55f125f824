"""Lanes over time as SVG: what each thread did, below who held the GIL and what that came to.

The page's script finds the stretches in the paths, tells what is under the pointer, and zooms.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from markupsafe import Markup

from gilscope.report.palette import HOLDERS, STATE_STYLES
from gilscope.report.svg_elements import below, beside, nice_ticks, place, plot, stretched, tag
from gilscope.units import exact

if TYPE_CHECKING:
    from gilscope.records import Lane
    from gilscope.report.pictures import Strip, TimelineChart, Track

__all__ = ["timeline"]

#: Pixels of a lane, of all of them where there is no need for more, and of one at least.
_LANE_PX, _MOST_PX, _LEAST_PX = 26, 560, 7
_STRIP_PX, _TRACK_PX, _GAP_PX = 40, 22, 12
#: As many steps of time are told apart, which is more than a sampler sees in what is drawn.
_STEPS: Final = 200_000
#: Across a strip.
_HIGH: Final = 100
_MOST_NAME: Final = 20


class _Stretch(NamedTuple):
    """A part of a lane: what it is, from one step to another."""

    kind: str
    lane: int
    start: int
    end: int


class _Scale(NamedTuple):
    """How time is told."""

    step_s: float
    steps: int
    unit_s: float
    unit: str

    def step(self, at_s: float) -> int:
        return round(at_s / self.step_s)


def timeline(chart: TimelineChart) -> Markup:
    """Strips, tracks and lanes from top to bottom, the first on top, on one axis of time."""
    step_s = max(chart.wall_s / _STEPS, 1e-6)
    unit_s, unit = (1e-3, "ms") if chart.wall_s < 1 else (1.0, "s")
    scale = _Scale(step_s, round(chart.wall_s / step_s), unit_s, unit)
    strips_px = (_STRIP_PX + _GAP_PX) * len(chart.strips)
    tracks_px = _TRACK_PX * len(chart.tracks)
    top = strips_px + tracks_px + (_GAP_PX if tracks_px else 0)
    count = len(chart.lanes)
    lanes_px = max(min(_MOST_PX, _LANE_PX * count), _LEAST_PX * count)
    parts = (*_strips(chart.strips, scale), *_tracks(chart, strips_px, scale), *_lanes(chart, top, lanes_px, scale))
    height = top + lanes_px
    ticks = tag("g", *_ticks(chart.wall_s / unit_s, height), class_="ticks", data_height=height)
    told = below(0.5, height, f"{unit}, a lane for each {'thread' if chart.names else 'worker'}", line=2)
    return plot(chart.about, height, ticks, told, *parts)


def _ticks(wall: float, height: float) -> Iterator[Markup]:
    for value in nice_ticks(0, wall):
        x = place(value / wall)
        yield tag("line", class_="grid", x1=x, x2=x, y2=height)
        yield below(value / wall, height, exact(value))


def _strips(strips: Sequence[Strip], scale: _Scale) -> Iterator[Markup]:
    for at, strip in enumerate(strips):
        top = at * (_STRIP_PX + _GAP_PX)
        area = tag("path", tag("title", strip.name), fill=strip.colour, stroke="none", d=_area(strip, scale))
        yield beside(top + 12, strip.name)
        yield beside(top + 28, strip.told)
        yield tag("line", class_="grid", x2="100%", y1=top + _STRIP_PX, y2=top + _STRIP_PX)
        yield stretched(scale.steps, _HIGH, _STRIP_PX, area, y=top, class_="layer strip")


def _area(strip: Strip, scale: _Scale) -> str:
    """As high as the figure is, stretch by stretch; nothing where it is unknown."""
    parts = []
    for known, run in groupby(strip.steps, key=lambda step: step[2] is not None):
        if known:
            steps = list(run)
            tops = (f"V{_HIGH * (1 - min(1.0, (v or 0.0) / strip.most)):.3g}H{scale.step(end)}" for _, end, v in steps)
            parts.append(f"M{scale.step(steps[0][0])} {_HIGH}{''.join(tops)}V{_HIGH}z")
    return "".join(parts)


def _tracks(chart: TimelineChart, top: float, scale: _Scale) -> Iterator[Markup]:
    if not chart.tracks:
        return
    for at, track in enumerate(chart.tracks):
        yield beside(top + (at + 0.5) * _TRACK_PX, _short(track.name))
    styles = {str(at): (name, HOLDERS[min(at, len(HOLDERS) - 1)]) for at, name in enumerate(chart.holders)}
    stretches = [each for at, track in enumerate(chart.tracks) for each in _held(at, track, scale)]
    names = [track.name for track in chart.tracks]
    yield _layer("tracks", _paths(stretches, styles), top, _TRACK_PX * len(names), names, scale)


def _held(at: int, track: Track, scale: _Scale) -> Iterator[_Stretch]:
    for holder, (start_s, end_s) in zip(track.holders, pairwise(track.edges_s), strict=True):
        if holder is not None:
            yield _Stretch(str(holder), at, scale.step(start_s), scale.step(end_s))


def _lanes(chart: TimelineChart, top: float, height: float, scale: _Scale) -> Iterator[Markup]:
    count = len(chart.lanes)
    each, every = height / count, math.ceil(16 * count / height)
    for at in range(count):
        if at % every == every - 1 or at == 0:
            yield beside(top + (at + 0.5) * each, _short(chart.names[at]) if chart.names else str(at + 1))
    styles = {state: (style.title, style.colour) for state, style in STATE_STYLES.items()}
    stretches = [stretch for at, lane in enumerate(chart.lanes) for stretch in _stretches(at, lane, scale)]
    names = chart.names or [f"worker {at}" for at in range(1, count + 1)]
    yield _layer("lanes", _paths(stretches, styles), top, height, names, scale)


def _short(name: str) -> str:
    return name if len(name) <= _MOST_NAME else f"{name[: _MOST_NAME - 1]}…"


def _layer(
    kind: str, paths: Iterable[Markup], top: float, height: float, names: Sequence[str], scale: _Scale
) -> Markup:
    data = {
        "y": f"{top:g}",
        "data_names": json.dumps(list(names)),
        "data_scale": scale.unit_s / scale.step_s,
        "data_unit": scale.unit,
        "stroke_width": f"{0.84 * height / len(names):.1f}",
    }
    return stretched(scale.steps, len(names), height, *paths, class_=f"layer {kind}", **data)


def _paths(stretches: Iterable[_Stretch], styles: Mapping[str, tuple[str, str]]) -> Iterator[Markup]:
    """A path for each kind, across in steps, down in lanes."""
    for kind, found in groupby(sorted(stretches), key=lambda stretch: stretch.kind):
        title, colour = styles[kind]
        yield tag("path", tag("title", title), data_title=title, stroke=colour, d=_path(list(found)))


def _stretches(at: int, lane: Lane, scale: _Scale) -> Iterator[_Stretch]:
    """Alike neighbours made one."""
    edges = [scale.step(edge_s) for edge_s in lane.edges_s]
    told = (state if state in STATE_STYLES else "unknown" for state in lane.states)
    for state, alike in groupby(zip(told, edges, edges[1:], strict=False), key=lambda part: part[0]):
        parts = list(alike)
        yield _Stretch(state, at, parts[0][1], parts[-1][2])


def _path(stretches: Sequence[_Stretch]) -> str:
    """Each stretch a horizontal line in the middle of its lane; within a lane told from where the last one ended."""
    parts = []
    for at, in_lane in groupby(stretches, key=lambda stretch: stretch.lane):
        last = None
        for _, _, start, end in in_lane:
            move = f"M{start} {at}.5" if last is None else f"m{start - last} 0"
            parts.append(f"{move}h{end - start}")
            last = end
    return "".join(parts)
