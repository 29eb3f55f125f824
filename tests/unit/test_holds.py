from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers.gil import Hold
from gilscope.observers.holds import HoldWatch, HoldWatches
from gilscope.observers.moment import InterpreterSample, Moment

from .moments import ME, OTHER, blocked, moment, runnable


@dataclass
class Look:
    after_s: float
    hold: Hold
    wanted: bool


holds = st.builds(Hold, st.sampled_from([0, ME, OTHER]), st.integers(0, 2))
looks = st.lists(st.builds(Look, st.floats(1e-4, 1.0), holds, st.booleans()), max_size=40)


def watch_over(seen: list[Look]) -> HoldWatch:
    watch, now_s = HoldWatch(), 0.0
    for look in seen:
        now_s += look.after_s
        watch.see(now_s, look.hold, look.wanted)
    return watch


@given(looks)
def test_the_longest_hold_is_the_longest_from_being_wanted_to_its_end(seen: list[Look]) -> None:
    times = itertools.accumulate(look.after_s for look in seen)
    runs = itertools.groupby(zip(seen, times, strict=True), lambda pair: pair[0].hold)
    longest_s = 0.0
    for hold, run in runs:
        wanted = list(itertools.dropwhile(lambda pair: not pair[0].wanted, run))
        longest_s = max(longest_s, wanted[-1][1] - wanted[0][1]) if hold.holder and wanted else longest_s
    assert watch_over(seen).longest_s == pytest.approx(longest_s)


def test_one_holder_that_passed_the_gil_on_in_between_held_it_twice() -> None:
    kept = [Look(0.01, Hold(ME, 7), True) for _ in range(3)]
    passed = [Look(0.01, Hold(ME, switches), True) for switches in (7, 9, 11)]
    assert watch_over(kept).longest_s == pytest.approx(0.02)
    assert watch_over(passed).longest_s == 0.0


def test_a_waiter_that_is_not_seen_for_a_moment_waits_on() -> None:
    """Every 5 ms it wakes to ask for the GIL once more."""
    seen = [Look(0.01, Hold(ME, 7), wanted) for wanted in (False, True, False, True)]
    assert watch_over(seen).longest_s == pytest.approx(0.02)


@given(looks)
def test_looks_and_holds_are_counted(seen: list[Look]) -> None:
    watch = watch_over(seen)
    assert (watch.looked, watch.held) == (len(seen), sum(look.hold.holder != 0 for look in seen))


@given(looks)
def test_a_hold_that_nobody_waits_for_is_none(seen: list[Look]) -> None:
    for look in seen:
        look.wanted = False
    assert watch_over(seen).longest_s == 0.0


def test_each_gil_has_a_watch_and_a_thread_in_gil_wait_wants_the_gil() -> None:
    watches = HoldWatches()
    for at_s in (0.0, 1.0, 2.0):
        watches.see(moment(runnable(holds=True), blocked("gil_wait", tid=2), at_s=at_s, hold=Hold(ME, 1)))
        watches.see(moment(runnable(holds=True), blocked("lock", tid=2), at_s=at_s, hold=Hold(ME, 1), pid=2))
        own = InterpreterSample(2, at_s, Hold(0, 1), [runnable()], gil=0x7000)
        watches.see(Moment([own]))
    assert [(watch.looked, watch.held, watch.longest_s) for watch in watches.watches] == [
        (3, 3, 2.0),
        (3, 3, 0.0),
        (3, 0, 0.0),
    ]
