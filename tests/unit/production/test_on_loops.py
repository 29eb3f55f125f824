"""The records of what calls did on event loops, and of what waited: they add up, and what is unknown stays so."""

from __future__ import annotations

import msgspec
import pytest

from gilscope.production import forks
from gilscope.production.delay_sums import DelaySums
from gilscope.production.delays import Delays, added_delays, delays_of
from gilscope.production.loop_lag import MOST_LATE, _note, loop_lag
from gilscope.production.loop_sums import MOST_PLACES, LoopSums
from gilscope.production.merging import merged
from gilscope.production.on_loops import BlockedAt, OnLoops, added_on_loops, on_loops_of
from gilscope.production.profile import Profile
from gilscope.production.sketch import bucket
from tests.unit.production.profiles import make_profile

LOOPS = OnLoops(wall_s=10.0, awaited_outside_s=0.4, awaited_threads_s=0.2, blocks={bucket(50_000_000): 4})


def on_a_loop(**figures: object) -> Profile:
    """One second of calls, of which 0.6 s were awaited."""
    given = {"kind": "coroutine", "clocked_awaited_s": 0.6, "timed_awaited_s": 0.6, "on_loops": LOOPS}
    return make_profile(**given | figures)


def test_what_was_awaited_is_told_of_all_calls() -> None:
    found = on_a_loop(calls=200, clocked_wall_s=0.5, clocked_awaited_s=0.3)
    assert found.awaited_by_s == pytest.approx(
        {"outside": 0.8, "threads": 0.4, "processes": 0.0, "tasks": 0.0, "unknown": 0.0}
    )


def test_of_the_time_of_the_loop_the_steps_have_their_share() -> None:
    assert on_a_loop().on_loop_s == pytest.approx(0.4)
    assert on_a_loop().loop_share == pytest.approx(0.04)
    assert on_a_loop(calls=3).loop_share is None, "three calls span no time to speak of"
    assert make_profile().on_loop_s is None


def test_what_an_older_version_did_not_tell_is_unknown() -> None:
    found = on_a_loop(on_loops=None)
    assert (found.awaited_by_s, found.loop_share) == ({}, None)


def test_only_pauses_that_are_noticed_count() -> None:
    short, long = bucket(5_000_000), bucket(20_000_000)
    assert OnLoops(blocks={short: 100, long: 2}).noticed_s == pytest.approx(0.04, rel=0.06)


def test_processes_add_up_and_their_places_by_line() -> None:
    here = BlockedAt(file="a.py", line=3, function="f", times=2, blocked_s=0.1, stack=("f (a.py:3)",))
    there = BlockedAt(file="a.py", line=9, function="f", times=1, blocked_s=0.15)
    again = msgspec.structs.replace(here, times=5, blocked_s=0.2, stack=("other",))
    whole = added_on_loops(
        [msgspec.structs.replace(LOOPS, blocked_at=(there, here)), None, OnLoops(blocked_at=(again,))]
    )
    assert whole is not None
    assert (whole.wall_s, whole.awaited_outside_s, whole.blocks) == (10.0, 0.4, LOOPS.blocks)
    assert [(each.line, each.times, each.blocked_s) for each in whole.blocked_at] == [
        (3, 7, pytest.approx(0.3)),
        (9, 1, 0.15),
    ]
    assert whole.blocked_at[0].stack == ("f (a.py:3)",)
    assert added_on_loops([None]) is None


def test_a_profile_adds_up_with_all_that_is_in_it() -> None:
    waited = Delays(total_s=0.5, longest_s=0.3, lengths={bucket(250_000_000): 2})
    [whole] = merged([on_a_loop(queue_waits=waited), on_a_loop(queue_waits=waited), on_a_loop()])
    assert whole.on_loops is not None
    assert whole.queue_waits is not None
    assert whole.on_loops.wall_s == pytest.approx(30.0)
    assert (whole.queue_waits.count, whole.queue_waits.mean_s, whole.queue_waits.longest_s) == (4, 0.25, 0.3)


@pytest.mark.parametrize("longest_ns", range(90_000_000, 110_000_000, 1_000_000))
def test_no_quantile_is_more_than_the_longest(longest_ns: int) -> None:
    longest_s = longest_ns / 1e9
    found = Delays(total_s=longest_s, longest_s=longest_s, lengths={bucket(longest_ns): 1}).quantile_s(0.99)
    assert found is not None
    assert 0.94 * longest_s < found <= longest_s


def test_delays_of_nobody_are_unknown() -> None:
    assert delays_of(DelaySums()) is delays_of(None) is added_delays([None]) is None


def test_threads_add_up_while_places_stay_few() -> None:
    sums, other = LoopSums(), LoopSums()
    other.add_awaited([5, 10, 0, 0, 0], threads_cpu_ns=99, weight=2)
    for line in range(2 * MOST_PLACES):
        other.add_place(("a.py", line, "f", None, None), 1000, ())
    other.add_place(("a.py", 0, "f", None, None), 500, ())
    sums.add(other)
    sums.add(other)
    found = on_loops_of(sums)
    assert found is not None
    assert (found.awaited_outside_s, found.awaited_threads_s) == pytest.approx((20e-9, 40e-9))
    assert found.threads_cpu_s == pytest.approx(40e-9), "no more than was awaited"
    assert len(found.blocked_at) == MOST_PLACES
    assert (found.blocked_at[0].line, found.blocked_at[0].times) == (0, 4)


def test_a_long_block_counts_for_all_who_would_have_waited() -> None:
    forks.forget()
    next_s = _note(100.0, 101.0)
    found = loop_lag()
    assert found is not None
    assert next_s > 101.0
    assert 14 <= found.count <= 41
    assert found.longest_s == pytest.approx(1.0)
    assert found.mean_s == pytest.approx(0.5, abs=0.2)
    assert _note(0.0, 1e9) > 1e9
    again = loop_lag()
    assert again is not None
    assert again.count == found.count + MOST_LATE
