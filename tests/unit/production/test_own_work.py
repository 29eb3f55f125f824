"""Awaiting own threads, processes and tasks is no waiting for the outside world."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.production.on_loops import OnLoops
from gilscope.production.opportunities import opportunities
from gilscope.production.own_work import awaited_own_s, own_work_told, threads_computing
from gilscope.production.profile import Profile
from tests.unit.production.profiles import make_profile


def awaiting(threads_cpu_s: float = 0.0, **awaited: float) -> Profile:
    """One second of calls that compute for a hundredth of it, and await for the rest."""
    by_kind: dict[str, Any] = {f"awaited_{kind}_s": seconds for kind, seconds in awaited.items()}
    loops = OnLoops(wall_s=10.0, threads_cpu_s=threads_cpu_s, **by_kind)
    return make_profile(
        kind="coroutine", clocked_cpu_s=0.01, clocked_awaited_s=0.99, timed_awaited_s=0.99, on_loops=loops
    )


def test_sockets_and_timers_are_not_its_own() -> None:
    assert own_work_told(awaiting(outside=0.99)) is None
    assert own_work_told(awaiting(outside=0.6, tasks=0.39)) is None
    assert own_work_told(awaiting(unknown=0.99)) is None
    assert own_work_told(make_profile()) is None


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        (awaiting(threads=0.99), "they mostly wait"),
        (awaiting(threads=0.99, threads_cpu_s=0.9), "other threads computed for 91% of that"),
        (awaiting(processes=0.99), "awaits processes of its own program, not the outside world"),
        (awaiting(tasks=0.8, outside=0.19), "For 80% of its wall clock it awaits tasks, locks or queues"),
    ],
)
def test_what_is_its_own_is_told_and_what_to_do(profile: Profile, told: str) -> None:
    assert told in (own_work_told(profile) or "")


def test_its_seconds_add_up() -> None:
    assert awaited_own_s(awaiting(threads=0.3, processes=0.2, tasks=0.1, outside=0.39)) == pytest.approx(0.6)
    assert threads_computing(awaiting(threads=0.5, threads_cpu_s=0.25)) == pytest.approx(0.5)
    assert threads_computing(awaiting(tasks=0.5)) is None


def test_whether_its_own_work_computes_decides_what_it_is() -> None:
    assert awaiting(threads=0.99).classification.label == "io-bound"
    for busy in (awaiting(threads=0.99, threads_cpu_s=0.95), awaiting(processes=0.99)):
        assert busy.classification.label == "inconclusive"
        assert "for 99% of a call it awaits threads or processes of its own" in busy.classification.reason


@pytest.mark.parametrize("kind", ["threads", "processes", "tasks"])
def test_its_own_work_is_nothing_that_more_calls_could_wait_for(kind: str) -> None:
    [own] = opportunities([awaiting(**{kind: 0.99})], 2)
    [outside] = opportunities([awaiting(outside=0.99)], 2)
    assert (own.deserving, own.waiting_s) == (False, 0.0)
    assert outside.waiting_s == pytest.approx(0.99)
