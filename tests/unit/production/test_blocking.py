"""A coroutine that blocks its loop is told so, with how much, where, and what to do about it."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.production.blocking import blocking, blocking_told
from gilscope.production.observed import Observed
from gilscope.production.on_loops import BlockedAt, OnLoops
from gilscope.production.opportunities import opportunities
from gilscope.production.profile import Profile
from gilscope.production.sketch import bucket
from tests.unit.production.profiles import make_profile

SLEEP = BlockedAt(file="/shop/web.py", line=12, function="page", callee="time.sleep", times=40, blocked_s=1.9)


def blocked(length_s: float = 0.05, times: int = 100, **figures: Any) -> Profile:
    """A hundred calls in as many seconds of one loop; each blocks it once, and sleeps meanwhile."""
    wall_s = figures.pop("wall_s", 100 * length_s)
    loops = OnLoops(wall_s=100.0, blocks={bucket(int(length_s * 1e9)): times}, blocked_at=figures.pop("where", ()))
    made: dict[str, Any] = {
        "kind": "coroutine",
        "wall_s": wall_s,
        "clocked_cpu_s": 0.01,
        "longest_block_s": length_s,
        "on_loops": loops,
    }
    return make_profile(**made | figures)


def told(profile: Profile) -> str:
    found = blocking(profile)
    assert found is not None
    return blocking_told(found)


def test_how_long_how_much_and_where() -> None:
    text = told(blocked(where=(SLEEP,)))
    assert text.startswith("It keeps its event loop from everything else: for 50.0 ms at most, for ")
    assert "% of its wall clock in pauses that are noticed and for 5% of the loop's time in all; " in text
    assert "most often it was found in line 12 of /shop/web.py, which calls time.sleep. " in text
    assert text.endswith("It waits there: await asyncio.sleep instead, or hand it to a thread (asyncio.to_thread).")


def test_one_long_block_among_many_short_steps_is_told() -> None:
    found = blocking(blocked(0.5, times=1, wall_s=1000.0))
    assert found is not None
    assert found.share == pytest.approx(0.0005, rel=0.06)


def test_short_blocks_that_are_most_of_a_call_are_told() -> None:
    assert blocking(blocked(0.02)) is not None
    assert blocking(blocked(0.02, wall_s=100.0)) is None, "one long wait with a short block in it"


@pytest.mark.parametrize(
    "profile", [blocked(0.002), blocked(kind="sync"), blocked(kind="generator"), blocked(longest_block_s=None)]
)
def test_what_nobody_notices_is_no_block(profile: Profile) -> None:
    assert blocking(profile) is None


def test_a_file_of_an_older_version_tells_the_longest_alone() -> None:
    text = told(blocked(0.3, on_loops=None))
    assert text.startswith("It keeps its event loop from everything else: for 300 ms at most. It waits there")


# ---- what to do, by what it does meanwhile ----

BUSY: dict[str, Any] = {"clocked_cpu_s": 4.9}


def seen(**states: float) -> Observed:
    """All that is seen on a CPU or blocked: what is not named is none."""
    known = dict.fromkeys(("gil_wait_s", "network_s", "disk_s", "sleep_s", "lock_s", "child_s", "other_s"), 0.0)
    whole: dict[str, Any] = (
        known | {"cpu_gil_s": 0.0, "cpu_free_s": 0.0, "gil_held_off_cpu_s": 0.0, "idle_s": 0.0} | states
    )
    cpu_s = whole["cpu_gil_s"] + whole["cpu_free_s"]
    return Observed(samples=1000, wall_s=5.0, cpu_s=cpu_s, blocked_s=5.0 - cpu_s, runqueue_s=0.0, **whole)


@pytest.mark.parametrize(
    ("figures", "meanwhile", "remedy"),
    [
        (BUSY, "computes", "process pool (loop.run_in_executor), or to a thread"),
        (BUSY | {"observed": seen(cpu_gil_s=4.9)}, "holds", "hand it to a process pool"),
        (BUSY | {"observed": seen(cpu_free_s=4.9)}, "free", "hand it to a thread"),
        ({}, "waits", "hand it to a thread"),
        ({"observed": seen(network_s=4.9, cpu_gil_s=0.1)}, "waits", "hand it to a thread"),
        ({"observed": seen(network_s=4.9, gil_held_off_cpu_s=4.5)}, "waits-holding", "with the GIL held"),
        ({"observed": seen(gil_wait_s=4.9)}, "gil", "which other threads hold"),
        ({"clocked_runqueue_s": 4.9}, "no-cpu", "given no CPU"),
        ({"clocked_calls": 0, "clocked_wall_s": 0.0}, None, "not known yet"),
    ],
)
def test_the_remedy_is_for_what_it_does(figures: dict[str, Any], meanwhile: str | None, remedy: str) -> None:
    found = blocking(blocked(**figures))
    assert found is not None
    assert found.meanwhile == meanwhile
    assert remedy in blocking_told(found)


def test_waiting_that_blocks_the_loop_is_none_to_be_shared_as_it_is() -> None:
    [sleeps] = opportunities([blocked(0.06)], 2)
    assert sleeps.reason.startswith(
        "It waited 5.99 s, most of that on its event loop, which it blocks: handed to threads"
    )
    assert "the outside world" not in sleeps.reason
