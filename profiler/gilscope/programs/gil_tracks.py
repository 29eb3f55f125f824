"""Who held each GIL in the course of time, for the record. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from gilscope.programs.course import Course
from gilscope.programs.holders import Held
from gilscope.programs.moments import PythonFunction
from gilscope.programs.places import function_text
from gilscope.programs.tables import place_of
from gilscope.records.programs import GilTrack, Holder

__all__ = ["gil_tracks"]

#: Tracks that are told; holders with their stacks, and frames of these, from the outermost on.
MOST_TRACKS, MOST_HOLDERS, MOST_FRAMES = 64, 1_000, 60
FREE: Final = -1

#: A function that held it, and a stack with which it did, innermost first.
Key = tuple[PythonFunction | None, tuple[PythonFunction, ...]]


def gil_tracks(courses: Mapping[int, Course]) -> tuple[tuple[GilTrack, ...], tuple[Holder, ...]]:
    """Each GIL's holders in the course of time, and who these are.

    :param courses: by process
    """
    numbers: dict[Key, int] = {}
    tracks = [
        _track(pid, interpreters, [_number(each, numbers) for each in series.mostly(course.last)], course.stretch_s)
        for pid, course in courses.items()
        for interpreters, series in course.holders.items()
    ]
    return tuple(tracks[:MOST_TRACKS]), tuple(_holder(*key) for key in numbers)


def _number(held: Held | bool | None, numbers: dict[Key, int]) -> int | None:
    if not isinstance(held, Held):
        return None if held is None else FREE
    key = (held.function, held.stack[-MOST_FRAMES:])
    if key not in numbers and len(numbers) >= MOST_HOLDERS:
        key = (held.function, ())
    return numbers.setdefault(key, len(numbers))


def _track(pid: int, interpreters: tuple[int, ...], told: Sequence[int | None], stretch_s: float) -> GilTrack:
    edges, holders, at = [0.0], list[int | None](), 0
    for holder, run in groupby(told):
        at += sum(1 for _ in run)
        edges.append(at * stretch_s)
        holders.append(holder)
    return GilTrack(pid=pid, interpreters=interpreters, edges_s=tuple(edges), holders=tuple(holders))


def _holder(function: PythonFunction | None, stack: tuple[PythonFunction, ...]) -> Holder:
    place = None if function is None else place_of(function)
    return Holder(place=place, stack=tuple(function_text(each) for each in reversed(stack)))
