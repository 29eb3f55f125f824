"""Who held a GIL in the course of time."""

from __future__ import annotations

import pytest

from gilscope.programs.course import FIRST_S, MOST_STRETCHES, Course
from gilscope.programs.gil_tracks import gil_tracks
from gilscope.programs.holders import MOST_HOLDERS
from gilscope.programs.tally import tallied
from gilscope.records.programs import GilTrack, Holder
from tests.unit.programs.builders import PID, SPAN_S, blocked, frame, holding, moment


def watched(*holders: str | None) -> Course:
    """A moment for each: who of several functions held it, if anybody did."""
    course = Course(0.0)
    for number, holder in enumerate(holders):
        look = blocked(1, "sleep", frame("nap")) if holder is None else holding(1, holder, "main")
        each = moment(number, look)
        course.see(each, tallied(each))
    return course


def told(course: Course) -> tuple[GilTrack, tuple[Holder, ...]]:
    (track,), holders = gil_tracks({PID: course})
    return track, holders


def names(course: Course) -> list[str | None]:
    """By stretch: who held it, ``free``, or None where nobody looked."""
    track, holders = told(course)
    functions = [holder.place.function if holder.place else "unknown" for holder in holders]
    return [None if each is None else functions[each] if each >= 0 else "free" for each in track.holders]


def test_each_stretch_tells_who_held_it_longest_and_where_it_was_free() -> None:
    each = round(FIRST_S / SPAN_S)
    track, holders = told(watched(*["crunch"] * 2 * each, *[None] * each, *["encode"] * each))
    assert names(watched(*["crunch"] * 2 * each, *[None] * each, *["encode"] * each)) == ["crunch", "free", "encode"]
    assert track.edges_s == pytest.approx((0.0, 2 * FIRST_S, 3 * FIRST_S, 4 * FIRST_S))
    assert (track.pid, track.interpreters) == (PID, (0,))
    assert holders[0].stack == ("main (/srv/app/work.py:10)", "crunch (/srv/app/work.py:10)")


def test_where_nobody_looked_nobody_is_told() -> None:
    course = watched("crunch", "crunch")
    late = moment(8, holding(1, "crunch"))
    course.see(late, tallied(late))
    assert names(course) == ["crunch", None, "crunch"]


def test_a_holder_without_a_stack_is_told_as_unknown() -> None:
    assert names(watched("crunch")) == ["crunch"]
    course = Course(0.0)
    each = moment(0, holding(1))
    course.see(each, tallied(each))
    assert names(course) == ["unknown"]


def test_a_day_is_told_in_as_few_stretches_and_by_its_longest_holder() -> None:
    course = Course(0.0)
    for number in range(0, 8_640_000, 2_000):
        each = moment(number, holding(1, "crunch" if number % 6_000 else f"other{number}"))
        course.see(each, tallied(each))
    track, holders = told(course)
    assert len(track.holders) <= MOST_STRETCHES
    assert {name for name in names(course) if name is not None} == {"crunch"}
    assert len(holders) == 1


def test_of_many_holders_in_one_stretch_the_longest_is_still_found() -> None:
    course = Course(0.0)
    for number in range(40):
        name = "crunch" if number % 2 else f"f{number % (4 * MOST_HOLDERS)}"
        each = moment(0, holding(1, name))
        course.see(each, tallied(each))
    assert names(course) == ["crunch"]
