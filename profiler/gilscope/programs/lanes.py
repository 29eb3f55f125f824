"""What each thread did in the course of time, bounded. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Final, TypeVar

from gilscope.programs.course import Course
from gilscope.records import Lane, Timeline

__all__ = ["coarsened", "mostly", "timeline"]

K = TypeVar("K")

#: Of a thread that nobody looked at.
UNKNOWN: Final = "unknown"
MOST_LANES: Final = 200
#: Of all lanes together.
MOST_EDGES: Final = 60_000


def timeline(courses: Mapping[int, Course], watched_s: float) -> Timeline:
    """The state that each thread mostly was in, stretch by stretch.

    :param courses: by process
    """
    lanes = [_lane(pid, tid, course) for pid, course in courses.items() for tid in course.lanes][:MOST_LANES]
    most = MOST_EDGES // max(1, len(lanes))
    return Timeline(wall_s=watched_s, lanes=tuple(_bounded(lane, most) for lane in lanes))


def _lane(pid: int, tid: int, course: Course) -> Lane:
    runs = list(_runs(list(course.mostly(tid)), course.stretch_s))
    edges = (*(start for start, _ in runs), (course.last + 1) * course.stretch_s)
    return Lane(pid=pid, tid=tid, edges_s=edges, states=tuple(state for _, state in runs))


def _runs(states: Sequence[str], stretch_s: float) -> Iterator[tuple[float, str]]:
    """When each begins, alike neighbours made one."""
    at = 0
    for state, run in groupby(states):
        yield at * stretch_s, state
        at += sum(1 for _ in run)


def _bounded(lane: Lane, most: int) -> Lane:
    return lane if len(lane.edges_s) <= most else coarsened(lane, lane.edges_s[-1] / (most - 2))


def coarsened(lane: Lane, stretch_s: float) -> Lane:
    """A lane of stretches that are at least so long, each in the state in which it mostly was, as far as is known."""
    edges, states = mostly(lane.edges_s, lane.states, stretch_s, UNKNOWN)
    return Lane(pid=lane.pid, tid=lane.tid, edges_s=edges, states=states)


def mostly(
    edges_s: Sequence[float], kinds: Sequence[K], stretch_s: float, unknown: K
) -> tuple[tuple[float, ...], tuple[K, ...]]:
    """The edges and kinds of stretches that are at least so long, each of the kind that takes the most of it.

    :param edges_s: of finer ones, one more than there are ``kinds``
    :param unknown: the kind that gives way to any other
    """
    if stretch_s <= 0 or len(kinds) <= 1:
        return tuple(edges_s), tuple(kinds)
    most = [(at, _most(spent, unknown)) for at, spent in _spent(edges_s, kinds, stretch_s)]
    runs = [next(run) for _, run in groupby(most, key=lambda pair: pair[1])]
    edges = (edges_s[0], *(at * stretch_s for at, _ in runs[1:]), edges_s[-1])
    return edges, tuple(kind for _, kind in runs)


def _most(spent: Mapping[K, float], unknown: K) -> K:
    return max(spent, key=lambda kind: (kind != unknown, spent[kind]))


def _spent(edges_s: Sequence[float], kinds: Sequence[K], stretch_s: float) -> Iterator[tuple[int, Mapping[K, float]]]:
    """The seconds by kind of each stretch of which anything is told."""
    found: defaultdict[int, defaultdict[K, float]] = defaultdict(lambda: defaultdict(float))
    for (start, end), kind in zip(pairwise(edges_s), kinds, strict=True):
        at = start
        while at < end:
            number = int(at / stretch_s + 1e-9)
            until = min(end, (number + 1) * stretch_s)
            found[number][kind] += until - at
            at = until if until > at else end
    return iter(sorted(found.items(), key=lambda item: item[0]))
