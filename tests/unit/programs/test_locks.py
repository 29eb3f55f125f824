"""Waits for locks other than the GIL."""

from __future__ import annotations

import pytest

from gilscope.programs import tables
from gilscope.programs.lock_waits import MOST_LOCKS
from gilscope.programs.views import ProcessViews
from tests.unit.programs.builders import blocked, feed, frame, moment, numbered


def test_locks_are_told_apart_by_address_with_who_waits_where() -> None:
    views = ProcessViews(0.0)
    first, second = blocked(1, "lock", frame("take"), lock=0x10), blocked(2, "lock", frame("put"), lock=0x10)
    other = blocked(3, "lock", frame("take"), lock=0x20)
    feed(views, [moment(at, first, second) for at in numbered(20)])
    feed(views, [moment(at, other) for at in numbered(10, 21)])
    rows = tables.locks(7, views, {"lock": 2.0})
    assert [(row.address, row.threads) for row in rows] == [(0x10, 2), (0x20, 1)]
    assert rows[0].waited_s == pytest.approx(0.8)
    assert {place.function: s for place, s in rows[0].waiting} == pytest.approx({"take": 0.4, "put": 0.4})


def test_locks_without_end_are_told_together() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(at, blocked(1, "lock", frame("take"), lock=at)) for at in numbered(2 * MOST_LOCKS)])
    assert len(views.locks.locks) == MOST_LOCKS + 1
    assert views.locks.locks[None].sampled_s == pytest.approx(MOST_LOCKS * 0.01)
