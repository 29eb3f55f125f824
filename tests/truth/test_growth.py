"""Workers that keep what their calls leave behind are told from those that do not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

import gilscope
from tests.truth.conftest import PATIENCE_S, Start

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is weighed by /proc")

LEFT_BYTES = 100_000
_kept: list[bytearray] = []


def leak() -> None:
    """Leave something behind that is not empty."""
    _kept.append(bytearray(b"x") * LEFT_BYTES)


def leak_slowly() -> None:
    """So that an analysis does not fill the memory."""
    leak()
    time.sleep(0.005)


def tidy() -> int:
    """The same, and leave nothing."""
    return len(bytearray(b"x") * LEFT_BYTES)


@pytest.fixture
def grown(start: Start) -> Callable[..., float | None]:
    """``grown("leak", 100)``: by how much a worker grew for each of so many calls."""

    def grow(func: str, calls: int) -> float | None:
        trial, limit = start(f"test_growth:{func}", "process", 2), time.monotonic() + PATIENCE_S
        for count in (20, calls):
            trial.run_round(count, 1, limit, observed=False)
            trial.weigh()
        return trial.account.known.memory_growth_bytes

    return grow


def test_what_calls_leave_behind_is_seen(grown: Callable[..., float | None]) -> None:
    by_leaks, by_others = grown("leak", 200), grown("tidy", 200)
    assert by_leaks is not None
    assert by_others is not None
    assert 0.5 * LEFT_BYTES < by_leaks < 1.5 * LEFT_BYTES
    assert abs(by_others) < 0.2 * LEFT_BYTES


def test_after_a_few_calls_growth_is_unknown(grown: Callable[..., float | None]) -> None:
    assert grown("leak", 20) is None


def test_an_analysis_weighs_its_workers() -> None:
    result = gilscope.analyze(
        leak_slowly, backends=("process",), workers=(2,), chunksize=1, budget_s=20.0, hot_lines=False
    )
    grew = next(trial.memory_growth_bytes for trial in result.trials if trial.backend == "process")
    assert grew is not None
    assert 0.5 * LEFT_BYTES < grew < 1.5 * LEFT_BYTES
