"""The settings of an analysis, and the clock that bounds it."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.analysis import budget as budgets
from gilscope.analysis.budget import Budget, inside_a_trial
from gilscope.errors import UsageError
from gilscope.measure.tree import MARK
from gilscope.options import Options


class Clock:
    """A monotonic clock that stands still until told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(budgets, "time", SimpleNamespace(monotonic=lambda: self.now))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def budget(clock: Clock, total_s: float = 10.0, max_calls: int | None = None) -> Budget:
    return Budget(total_s, max_calls, _began=clock.now)


def test_the_defaults_make_sense() -> None:
    made = Options()
    assert (made.backends, made.workers, made.max_calls) == ((), (), None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"budget_s": 0.0}, "budget 0.0 makes no sense"),
        ({"budget_s": -1.0}, "budget -1.0 makes no sense"),
        ({"budget_s": math.nan}, "budget nan makes no sense"),
        ({"timeout_s": 0.0}, "timeout 0.0 makes no sense"),
        ({"rate_hz": 0.0}, "sampling 0.0 makes no sense"),
        ({"chunksize": 0}, "chunksize 0 makes no sense"),
        ({"cpus": 0}, "cpus 0 makes no sense"),
        ({"max_calls": 0}, "max-calls 0 makes no sense"),
        ({"workers": (1, 0)}, "workers 0 makes no sense"),
        ({"workers": (-2,)}, "workers -2 makes no sense"),
        ({"predict_cpus": (4, 0)}, "predict-cpus 0 makes no sense"),
        ({"context": "thread"}, "neither 'sync' nor 'async'"),
        ({"start_method": "clone"}, "none of spawn, forkserver, fork"),
    ],
)
def test_nonsense_is_refused_by_name(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Options(**changes)


def test_a_budget_runs_out(clock: Clock) -> None:
    made = budget(clock)
    clock.now += 4.0
    assert (made.elapsed_s, made.remaining_s) == (4.0, 6.0)
    clock.now += 8.0
    assert made.remaining_s < 0


def test_a_deadline_is_not_past_the_budget_and_its_grace(clock: Clock) -> None:
    made = budget(clock)
    assert made.deadline(3.0) == clock.now + 3.0
    assert clock.now + 10.0 < made.deadline(60.0) <= clock.now + 12.0


@given(total_s=st.floats(0.1, 1e4), asked_s=st.floats(0, 1e5), more_s=st.floats(0, 1e3), elapsed_s=st.floats(0, 2e4))
def test_asking_for_more_time_never_gives_less(total_s: float, asked_s: float, more_s: float, elapsed_s: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        made = budget(clock, total_s)
        first = made.deadline(asked_s)
        assert made.deadline(asked_s + more_s) >= first
        clock.now += elapsed_s
        assert first <= made.deadline(asked_s) <= clock.now - elapsed_s + 1.2 * total_s


def test_calls_are_spent(clock: Clock) -> None:
    made = budget(clock, max_calls=10)
    made.spend(3)
    made.spend(4)
    assert made.calls_left == 3


def test_without_a_limit_there_are_always_calls_left(clock: Clock) -> None:
    made = budget(clock)
    made.spend(10**6)
    assert made.calls_left > 10**6


@pytest.mark.parametrize("value", [None, "", "7f3a"])
def test_a_trial_is_known_by_its_mark(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MARK, raising=False)
    if value is not None:
        monkeypatch.setenv(MARK, value)
    assert inside_a_trial() == (value is not None)
