"""The course of time, however long."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from gilscope.programs.course import FIRST_S, MOST_STRETCHES, Course
from gilscope.programs.moments import ProcessMoment
from gilscope.programs.tally import tallied
from tests.unit.programs.builders import blocked, frame, holding, moment, numbered, waiting


def follow(course: Course, moments: Iterable[ProcessMoment]) -> None:
    for each in moments:
        course.see(each, tallied(each))


def test_each_stretch_tells_what_went_on_in_it() -> None:
    course = Course(0.0)
    follow(course, [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in range(10)])
    follow(course, [moment(at, blocked(1, "sleep", frame("nap"))) for at in numbered(10, 10)])
    assert course.state_s(0) == pytest.approx(
        dict.fromkeys(course.state_s(0), 0.0) | {"cpu_gil": 0.02, "gil_wait": 0.02}
    )
    assert course.gils[0,].of(0) == pytest.approx((0.02, 0.02))
    assert course.gils[0,].of(7) == pytest.approx((0.0, 0.02))
    assert list(course.mostly(1)) == ["cpu_gil"] * 5 + ["sleep"] * 5
    assert list(course.mostly(2)) == ["gil_wait"] * 5 + ["unknown"] * 5


def test_a_day_has_no_more_stretches_than_a_minute_and_loses_nothing() -> None:
    course = Course(0.0)
    for number in range(0, 8_640_000, 1_000):
        follow(course, [moment(number, holding(1, "crunch"))])
    assert course.last < MOST_STRETCHES
    assert course.stretch_s / FIRST_S == 2 ** round(math.log2(course.stretch_s / FIRST_S))
    assert sum(course.state_s(at)["cpu_gil"] for at in range(course.last + 1)) == pytest.approx(86.4, rel=1e-3)
