"""Profiles made by hand."""

from __future__ import annotations

from typing import Any

from gilscope.production.profile import Profile
from gilscope.production.sketch import bucket


def make_profile(**figures: Any) -> Profile:
    """A function called 100 times for 10 ms each, every call measured with all clocks; it computes throughout."""
    calls, wall_s = figures.get("calls", 100), figures.pop("wall_s", 1.0)
    each = {bucket(int(wall_s / max(calls, 1) * 1e9)): calls} if calls else {}
    made: dict[str, Any] = {
        "spec": "shop.orders:total",
        "name": "total",
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
