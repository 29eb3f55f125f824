"""Waits for locks other than the GIL."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gilscope.decide.program_advice import advice_on
from gilscope.decide.program_limit import Limited
from gilscope.programs import tables
from gilscope.programs.lock_waits import MOST_LOCKS
from gilscope.programs.moments import THE_WORLD
from gilscope.programs.views import ProcessViews
from gilscope.records import Account
from gilscope.records.programs import STOPPED_WORLD
from tests.unit.programs.builders import blocked, feed, frame, moment, numbered, process, thread


def test_locks_are_told_apart_by_address_with_who_waits_where() -> None:
    views = ProcessViews(0.0)
    first, second = blocked(1, "lock", frame("take"), lock=0x10), blocked(2, "lock", frame("put"), lock=0x10)
    other = blocked(3, "lock", frame("take"), lock=0x20)
    feed(views, [moment(at, first, second) for at in numbered(20)])
    feed(views, [moment(at, other) for at in numbered(10, 21)])
    rows = tables.locks(process(), views, {"lock": 2.0})
    assert [(row.address, row.threads) for row in rows] == [(0x10, 2), (0x20, 1)]
    assert rows[0].waited_s == pytest.approx(0.8)
    assert {place.function: s for place, s in rows[0].waiting} == pytest.approx({"take": 0.4, "put": 0.4})


def test_of_builds_without_a_gil_it_is_told_whose_lock_it_is() -> None:
    views = ProcessViews(0.0)
    taking = [blocked(tid, "lock", frame("put"), lock=0x100A) for tid in (1, 2)]
    stopped = [blocked(tid, "lock", frame("work"), lock=THE_WORLD) for tid in (1, 2)]
    feed(views, [moment(at, *(taking if at % 2 else stopped)) for at in numbered(200)])
    seen = replace(process(thread(1, 2.0, 0.0), thread(2, 2.0, 0.0)), gil_enabled=False, lock_owners={0x100A: "dict"})
    one, other = sorted(tables.locks(seen, views, {}), key=lambda row: row.owner or "")
    assert (one.owner, one.address) == ("dict", 0x100A)
    assert (other.owner, other.address) == (STOPPED_WORLD, None)
    limited = Limited("lock", "it waits for locks")
    advice = advice_on(Account(wall_s=4.0, lock_s=4.0), 2.0, limited, (), (), (one, other))
    sentences = [each.sentence for each in advice]
    assert "2 threads wait 2.00 s for the lock of one dict" in sentences[0]
    assert "while another has stopped them all" in sentences[1]


def test_locks_without_end_are_told_together() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(at, blocked(1, "lock", frame("take"), lock=at)) for at in numbered(2 * MOST_LOCKS)])
    assert len(views.locks.locks) == MOST_LOCKS + 1
    assert views.locks.locks[None].sampled_s == pytest.approx(MOST_LOCKS * 0.01)
