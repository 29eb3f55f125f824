"""The timeline of a program, so coarse that it can be drawn whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Final

from gilscope.records import Lane, Timeline
from gilscope.report.document import Detail
from gilscope.report.pictures import TimelineChart
from gilscope.report.sections.timelines import MOST_LANES, MOST_SPANS, lane_table, seconds
from gilscope.units import counted, duration

__all__ = ["coarsened", "timeline_chart"]

#: Stretches of a lane that can be told apart on a screen.
_FINEST: Final = 400


def timeline_chart(timeline: Timeline) -> TimelineChart:
    """A lane for each of the first threads."""
    lanes = timeline.lanes[:MOST_LANES]
    stretches = min(_FINEST, MOST_SPANS // max(1, len(lanes)))
    drawn = Timeline(
        wall_s=timeline.wall_s, lanes=tuple(coarsened(lane, timeline.wall_s / stretches) for lane in lanes)
    )
    shown = counted(len(lanes), "thread") + (
        "" if len(lanes) == len(timeline.lanes) else f" of {len(timeline.lanes):,}"
    )
    states = tuple(seconds(drawn.lanes))
    return TimelineChart(
        name="threads",
        told=f"What each of {shown} mostly did, stretch by stretch, in {duration(timeline.wall_s)}.",
        wall_s=timeline.wall_s,
        lanes=drawn.lanes,
        states=states,
        about="A lane for each thread, coloured by state.",
        table=lane_table(drawn, states),
        detail=Detail.FULL,
    )


def coarsened(lane: Lane, stretch_s: float) -> Lane:
    """A lane of stretches that are at least so long, each in the state in which it mostly was."""
    if stretch_s <= 0 or len(lane.states) <= 1:
        return lane
    mostly = [(at, max(spent, key=lambda state: spent[state])) for at, spent in _spent(lane, stretch_s)]
    runs = [next(run) for _, run in groupby(mostly, key=lambda pair: pair[1])]
    edges = (lane.edges_s[0], *(at * stretch_s for at, _ in runs[1:]), lane.edges_s[-1])
    return Lane(pid=lane.pid, tid=lane.tid, edges_s=edges, states=tuple(state for _, state in runs))


def _spent(lane: Lane, stretch_s: float) -> Iterator[tuple[int, dict[str, float]]]:
    """The seconds by state of each stretch of which anything is told."""
    found: defaultdict[int, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for (start, end), state in zip(pairwise(lane.edges_s), lane.states, strict=True):
        at = start
        while at < end:
            number = int(at / stretch_s + 1e-9)
            until = min(end, (number + 1) * stretch_s)
            found[number][state] += until - at
            at = until if until > at else end
    return iter(sorted(found.items()))
