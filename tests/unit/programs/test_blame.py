"""Who waited for the GIL while who held it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gilscope.programs import tables
from gilscope.programs.functions import StackTimes
from gilscope.programs.moments import ProcessMoment
from gilscope.programs.views import ProcessViews
from gilscope.records import Ledger
from gilscope.records.programs import Blame
from tests.unit.programs.builders import SPAN_S, feed, frame, holding, moment, numbered, waiting


def blamed(moments: list[ProcessMoment], gil_wait_s: float) -> tuple[Blame, ...]:
    views = ProcessViews(0.0)
    feed(views, moments)
    factors = tables.factors(views, Ledger(gil_wait_s=gil_wait_s))
    return tables.blame([(views, factors)])


def test_the_waiting_function_stands_beside_the_one_that_held_the_gil() -> None:
    rows = blamed([moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in numbered(50)], 50 * SPAN_S)
    assert [(row.waiting.function, row.holding.function) for row in rows if row.waiting and row.holding] == [
        ("serve", "crunch")
    ]
    assert rows[0].waited_s == pytest.approx(50 * SPAN_S)


def test_blame_comes_to_the_exact_seconds_of_waiting() -> None:
    """Samples divide what the kernel says was waited."""
    some = [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in numbered(30)]
    others = [moment(at, holding(3, "parse"), waiting(2, "serve")) for at in numbered(10, 31)]
    rows = blamed([*some, *others], gil_wait_s=4.0)
    assert [row.waited_s for row in rows] == pytest.approx([3.0, 1.0])


def test_a_moment_at_which_the_gil_changed_hands_blames_nobody_and_loses_nothing() -> None:
    clear = [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in numbered(30)]
    moved = [moment(at, holding(2, "serve"), waiting(1, "crunch"), moved=True) for at in numbered(10, 31)]
    rows = blamed([*clear, *moved], gil_wait_s=4.0)
    assert len(rows) == 1
    assert rows[0].waited_s == pytest.approx(4.0)


def test_the_true_share_of_a_pair_lies_within_its_interval() -> None:
    some = [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in numbered(300)]
    others = [moment(at, holding(3, "parse"), waiting(2, "serve")) for at in numbered(100, 301)]
    first, second = blamed([*some, *others], gil_wait_s=4.0)
    assert first.low_s < 3.0 < first.high_s < 3.3
    assert 0.7 < second.low_s < 1.0 < second.high_s


def test_two_threads_that_wait_at_once_wait_twice_as_many_thread_seconds() -> None:
    rows = blamed(
        [moment(at, holding(1, "crunch"), waiting(2, "serve"), waiting(3, "serve")) for at in numbered(9)], 0.18
    )
    assert rows[0].waited_s == pytest.approx(0.18)
    assert rows[0].threads == 2


def test_nobody_is_blamed_when_nobody_holds_it() -> None:
    (row,) = blamed([moment(at, waiting(2, "serve")) for at in numbered(9)], 0.09)
    assert row.holding is None


def test_of_a_stack_that_ends_in_a_library_the_programs_own_function_is_named() -> None:
    inner = frame("JSONDecoder.raw_decode", "/usr/lib/python3.13/json/decoder.py")
    holder = holding(1, "parse", "main")
    holder = type(holder)(1, 0, None, holds_gil=True, on_cpu=True, stack=(inner, *(holder.stack or ())))
    (row,) = blamed([moment(at, holder, waiting(2, "serve")) for at in numbered(9)], 0.09)
    assert row.holding is not None
    assert row.holding.function == "parse"


def test_what_all_pairs_have_in_common_is_summed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a program with thousands of pairs it was summed for each: a report took minutes."""
    summed: list[StackTimes] = []
    by_state = StackTimes.by_state

    def counted(stacks: StackTimes) -> Mapping[str, float]:
        summed.append(stacks)
        return by_state(stacks)

    monkeypatch.setattr(StackTimes, "by_state", counted)
    views = ProcessViews(0.0)
    feed(views, [moment(at, holding(1, f"hold_{at}"), waiting(2, f"wait_{at}")) for at in numbered(50)])
    for table in (tables.blame([(views, {})]), tables.holds([(views, {})], 0.0), tables.functions([(views, {})])):
        assert len(table) >= 50
    assert len(summed) == 3


def test_waits_for_one_that_let_go_after_they_were_seen_are_made_good_by_other_looks_at_it() -> None:
    """The shorter holds are, the more of the looks at them are left out: every second one at those of ``nap``."""
    long = [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in numbered(60)]
    clear = [moment(at, holding(3, "nap"), waiting(2, "serve")) for at in numbered(20, 61)]
    left_out = [
        moment(at, holding(3, "parse"), waiting(2, "serve"), moved=True, moved_after=True) for at in numbered(20, 81)
    ]
    rows = {row.holding.function: row.waited_s for row in blamed([*long, *clear, *left_out], 1.0) if row.holding}
    assert rows == pytest.approx({"crunch": 0.6, "nap": 0.4})


def test_whom_they_waited_for_is_not_known_where_it_passed_on_while_they_were_looked_at() -> None:
    long = [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in numbered(60)]
    clear = [moment(at, holding(3, "nap"), waiting(2, "serve")) for at in numbered(20, 61)]
    unclear = [moment(at, holding(3, "nap"), waiting(2, "serve"), moved=True) for at in numbered(20, 81)]
    rows = {row.holding.function: row.waited_s for row in blamed([*long, *clear, *unclear], 1.0) if row.holding}
    assert rows == pytest.approx({"crunch": 0.75, "nap": 0.25})
