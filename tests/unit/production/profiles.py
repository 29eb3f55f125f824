"""Profiles made by hand."""

from __future__ import annotations

from typing import Any

from gilscope.production.observed import Observed
from gilscope.production.profile import Profile
from gilscope.production.sketch import bucket
from gilscope.records import WAIT_STATES


def make_profile(**figures: Any) -> Profile:
    """A function called 100 times for 10 ms each on two CPUs, every call measured with all clocks; it computes."""
    calls, wall_s = figures.get("calls", 100), figures.pop("wall_s", 1.0)
    each = {bucket(int(wall_s / max(calls, 1) * 1e9)): calls} if calls else {}
    made: dict[str, Any] = {
        "spec": "shop.orders:total",
        "name": "total",
        "cpus": 2.0,
        "calls": calls,
        "timed_calls": calls,
        "timed_wall_s": wall_s,
        "clocked_calls": calls,
        "clocked_alone": calls,
        "clocked_weight": calls,
        "clocked_wall_s": wall_s,
        "clocked_cpu_s": wall_s,
        "clocked_runqueue_s": 0.0,
        "durations": each,
        "longest_s": wall_s / max(calls, 1),
    }
    return Profile(**made | figures)


def seen(samples: int, **seconds: float) -> Observed:
    """What an observer saw: so many samples, and seconds by state."""
    states = {f"{state}_s": 0.0 for state in ("cpu_gil", "cpu_free", "gil_wait", *WAIT_STATES)} | seconds
    cpu_s = states["cpu_gil_s"] + states["cpu_free_s"]
    wall_s = sum(states.values())
    blocked = {"cpu_s": cpu_s, "blocked_s": wall_s - cpu_s, "gil_held_off_cpu_s": 0.0}
    return Observed(wall_s=wall_s, samples=samples, **blocked, **states)
