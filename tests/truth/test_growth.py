"""Workers that keep what their calls leave behind are told from those that do not."""

from __future__ import annotations

import sys

import pytest

from gilscope import analyze
from gilscope.records import Trial

pytestmark = [
    pytest.mark.truth,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is weighed by /proc"),
]

LEFT_BYTES = 100_000
_kept: list[bytes] = []


def leak(number: int) -> None:
    """Leave something behind that is not empty."""
    _kept.append(bytes([number % 255 + 1]) * LEFT_BYTES)
    sum(range(100_000))


def tidy(number: int) -> int:
    """The same, and leave nothing."""
    return len(bytes([number % 255 + 1]) * LEFT_BYTES) + sum(range(100_000))


def grown(trial: Trial) -> float:
    assert trial.memory_growth_bytes is not None
    return trial.memory_growth_bytes


def test_what_calls_leave_behind_is_seen() -> None:
    leaking, tidying = (
        analyze(func, range(50), backends=("process",), workers=(2,), chunksize=1, budget_s=6.0, hot=False)
        for func in (leak, tidy)
    )
    by_leaks, by_others = (
        next(trial for trial in result.trials if trial.backend == "process") for result in (leaking, tidying)
    )
    assert 0.5 * LEFT_BYTES < grown(by_leaks) < 1.5 * LEFT_BYTES
    assert abs(grown(by_others)) < 0.2 * LEFT_BYTES
