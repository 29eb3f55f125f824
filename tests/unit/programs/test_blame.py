"""Who waited for the GIL while who held it."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping

import pytest

from gilscope.programs import tables
from gilscope.programs.functions import StackTimes
from gilscope.programs.moments import ProcessMoment
from gilscope.programs.views import ProcessViews
from gilscope.programs.waits_for_gil import GilWaits
from gilscope.records import Ledger
from gilscope.records.programs import Blame
from tests.unit.programs.builders import SPAN_S, blocked, feed, frame, holding, moment, numbered, waiting


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
        moment(at, holding(3, "parse"), waiting(2, "serve"), moved=True, next_holder=3) for at in numbered(20, 81)
    ]
    rows = {row.holding.function: row.waited_s for row in blamed([*long, *clear, *left_out], 1.0) if row.holding}
    assert rows == pytest.approx({"crunch": 0.6, "nap": 0.4})


def test_waits_for_one_that_let_go_while_they_were_looked_at_are_made_good_too() -> None:
    long = [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in numbered(60)]
    clear = [moment(at, holding(3, "nap"), waiting(2, "serve")) for at in numbered(20, 61)]
    unclear = [moment(at, holding(3, "parse"), waiting(2, "serve"), moved=True) for at in numbered(20, 81)]
    rows = {row.holding.function: row.waited_s for row in blamed([*long, *clear, *unclear], 1.0) if row.holding}
    assert rows == pytest.approx({"crunch": 0.6, "nap": 0.4})


NAPPERS, NAP_S, WORK_S, INTERVAL_S = 4, 0.003, 0.001, 0.005
CRUNCHES = 0


def turns(seconds: float) -> tuple[list[tuple[float, float, int]], list[tuple[float, float, int]]]:
    """Who holds the GIL from when to when, and who waits for it: one that computes until it is asked for it, and some
    that nap and hold it for a while, in the order in which they ask."""
    queue: list[tuple[float, int]] = []
    held, waited, naps = [], [], [(NAP_S * at / NAPPERS, at) for at in range(1, NAPPERS + 1)]
    at_s, holder, ends_s = 0.0, CRUNCHES, INTERVAL_S
    while at_s < seconds:
        naps.sort()
        if holder == CRUNCHES:
            asked_s = at_s if queue else max(at_s, naps[0][0])
            ends_s = asked_s + INTERVAL_S
        else:
            ends_s = at_s + WORK_S
        queue += [nap for nap in naps if nap[0] < ends_s]
        naps = [nap for nap in naps if nap[0] >= ends_s]
        held.append((at_s, ends_s, holder))
        if holder == CRUNCHES:
            queue.append((ends_s, holder))
        else:
            naps.append((ends_s + NAP_S, holder))
        since_s, holder = queue.pop(0)
        waited.append((since_s, ends_s, holder))
        at_s = ends_s
    return held, waited


def test_short_holds_are_blamed_for_all_that_is_waited_for_them() -> None:
    """A look takes half as long as they do: the GIL passes on meanwhile the more often the shorter they are."""
    held, waited = turns(60.0)
    rng, names = random.Random(3), ("crunch", *["nap"] * NAPPERS)
    starts = [begin for begin, _, _ in held]
    true: Counter[tuple[str, str]] = Counter()
    for begin, end, who in waited:
        for from_s, until_s, holder in held[bisect_right(starts, begin) - 1 : bisect_right(starts, end)]:
            true[names[who], names[holder]] += max(0.0, min(end, until_s) - max(begin, from_s))  # type: ignore[assignment]
    waits = GilWaits()
    by_thread = [[(begin, end) for begin, end, who in waited if who == thread] for thread in range(NAPPERS + 1)]
    for number in range(1, 11_000):
        at_s = number * 0.005 + rng.random() * 0.005
        which = [bisect_right(starts, at_s + later_s) for later_s in (0.0, 0.0003, 0.0005)]
        holder = held[which[0] - 1][2]
        looks = []
        for thread, spans in enumerate(by_thread):
            seen_s = at_s + 0.00006 * (thread + 1)
            found = bisect_right(spans, (seen_s, 1e9)) - 1
            waits_then = found >= 0 and spans[found][1] > seen_s
            looks.append(waiting(thread, names[thread]) if waits_then else blocked(thread, "sleep", frame("nap")))
        moved, then = which[0] != which[2], held[which[1] - 1][2]
        seen = moment(number, holding(holder, names[holder]), *looks, switches=which[0], moved=moved, next_holder=then)
        waits.see(seen)
    said = {(one.name, other.name): s for (one, other), s in waits.sampled_s().items() if one and other}
    for pair, seconds in true.items():
        assert said.get(pair, 0.0) / sum(said.values()) == pytest.approx(seconds / true.total(), abs=0.015), pair
