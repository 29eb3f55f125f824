"""What was done since an earlier moment."""

from __future__ import annotations

import pytest

from gilscope.production.delays import Delays
from gilscope.production.merging import merged
from gilscope.production.on_loops import BlockedAt, OnLoops
from gilscope.production.since import since
from tests.unit.production.profiles import make_profile


def test_what_was_done_before_and_since_add_up() -> None:
    before = make_profile(calls=10, wall_s=1.0, errors=1, called_from={"a:b": 3}, queue_waits=Delays(total_s=1.0))
    now = make_profile(
        calls=30,
        wall_s=4.0,
        errors=5,
        called_from={"a:b": 3, "c:d": 2},
        queue_waits=Delays(total_s=3.0, longest_s=2.0, lengths={4: 2}),
        durations={**before.durations, 90: 20},
    )
    [since_then] = since([now], [before])
    assert (since_then.calls, since_then.errors, since_then.called_from) == (20, 4, {"c:d": 2})
    assert since_then.processes == 0, "it began before"
    assert since_then.queue_waits == Delays(total_s=2.0, longest_s=2.0, lengths={4: 2})
    [whole] = merged([before, since_then])
    assert (whole.calls, whole.durations) == (30, now.durations)
    assert whole.timed_wall_s == pytest.approx(4.0)


def test_the_longest_is_known_where_it_grew_and_estimated_by_the_durations_otherwise() -> None:
    before = make_profile(longest_s=1.0, longest_block_s=0.5)
    [grown] = since([make_profile(calls=200, longest_s=2.0, longest_block_s=0.7)], [before])
    assert (grown.longest_s, grown.longest_block_s) == (2.0, 0.7)
    [same] = since([make_profile(calls=200, longest_s=1.0, longest_block_s=0.5, durations={100: 100})], [before])
    assert same.longest_s is not None
    assert 0 < same.longest_s < 1.0
    assert same.longest_block_s is None


def test_lines_that_blocked_are_told_apart() -> None:
    def at(line: int, times: int) -> BlockedAt:
        return BlockedAt(file="a.py", line=line, function="f", times=times, blocked_s=float(times))

    before = make_profile(on_loops=OnLoops(wall_s=1.0, blocked_at=(at(3, 2),)))
    now = make_profile(calls=200, on_loops=OnLoops(wall_s=4.0, blocked_at=(at(3, 5), at(9, 1))))
    [found] = since([now], [before])
    assert found.on_loops == OnLoops(wall_s=3.0, blocked_at=(at(3, 3), at(9, 1)))


def test_functions_that_were_not_called_since_are_left_out() -> None:
    assert since([make_profile()], [make_profile()]) == ()
    assert [each.calls for each in since([make_profile(), make_profile(name="new", calls=3)], [make_profile()])] == [3]
