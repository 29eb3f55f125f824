"""Comparing results: functions whose results hold under concurrency, and functions whose do not."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from gilscope.analysis.budget import Budget
from gilscope.analysis.facts_of import MOST_CALLS, calls_to_compare, compare_results
from gilscope.measure.live import LiveTrial
from gilscope.options import Options
from tests.truth.conftest import PATIENCE_S, Start


def campaign_of(solo: LiveTrial | None, others: list[LiveTrial], call_s: float = 0.002, **limits: Any) -> Any:
    options = Options(**{"budget_s": 60.0, **limits})
    return SimpleNamespace(
        solo=SimpleNamespace(trial=solo, call_s=call_s),
        others=others,
        options=options,
        budget=Budget(options.budget_s, options.max_calls),
        say=lambda doing: None,
    )


def compared(start: Start, function: str, backend: str, inputs: str = "NUMBERS", **limits: Any) -> list[LiveTrial]:
    """The serial trial and one of the backend, their results compared."""
    pool = start(f"shared:{function}", backend, 4, inputs=inputs)
    solo = start(f"shared:{function}", inputs=inputs)
    compare_results(campaign_of(solo, [pool], **limits))
    return [solo, pool]


@pytest.mark.parametrize("backend", ["thread", "process", "asyncio"])
def test_results_that_hold(start: Start, backend: str) -> None:
    for trial in compared(start, "pure", backend):
        assert trial.results_compared is not None
        assert (trial.results_compared > 20, trial.results_differing) == (True, 0)


@pytest.mark.parametrize(("function", "backend"), [("tangled", "thread"), ("tangled_coroutine", "asyncio")])
def test_shared_state_is_seen(start: Start, function: str, backend: str) -> None:
    solo, pool = compared(start, function, backend)
    assert solo.results_differing == 0
    assert pool.results_compared is not None
    assert pool.results_differing is not None
    assert pool.results_differing > pool.results_compared / 4


@pytest.mark.parametrize(("function", "backend"), [("tangled", "process"), ("pure_coroutine", "asyncio")])
def test_what_is_not_shared_does_no_harm(start: Start, function: str, backend: str) -> None:
    _, pool = compared(start, function, backend)
    assert (pool.results_compared or 0) > 20
    assert pool.results_differing == 0


def test_chance_is_told_of_the_serial_run_and_of_no_other(start: Start) -> None:
    solo, pool = compared(start, "by_chance", "thread")
    assert solo.results_compared == solo.results_differing != 0
    assert (pool.results_compared, pool.results_differing) == (None, None)


def test_inputs_whose_results_are_chance_are_left_out(start: Start) -> None:
    solo, pool = compared(start, "half_by_chance", "thread")
    assert solo.results_compared is not None
    assert solo.results_differing is not None
    assert 0 < solo.results_differing < solo.results_compared
    assert pool.results_compared is not None
    assert pool.results_differing == 0


@pytest.mark.parametrize("inputs", ["NUMBERS", "WORDS"])
def test_the_order_of_sets_is_one_in_all_processes(start: Start, inputs: str) -> None:
    _, pool = compared(start, "order_of_a_set", "process", inputs)
    assert (pool.results_compared or 0) > 20
    assert pool.results_differing == 0


@pytest.mark.parametrize(
    ("function", "inputs"),
    [("no_plain_result", "NUMBERS"), ("takes_lock", "LOCKS"), ("raises", "NUMBERS"), ("drained", "NUMBERS")],
)
def test_what_cannot_be_compared_is_unknown(start: Start, function: str, inputs: str) -> None:
    for trial in compared(start, function, "thread", inputs):
        assert (trial.results_compared, trial.results_differing) == (None, None)


def test_a_target_that_failed_before_is_not_called_again(start: Start) -> None:
    solo, pool = start("shared:pure", inputs="NUMBERS"), start("shared:pure", "thread", 2, inputs="NUMBERS")
    pool.errors = 1
    compare_results(campaign_of(solo, [pool]))
    assert (solo.calls, pool.calls) == (0, 0)


@pytest.mark.parametrize("max_calls", [3, 50])
def test_the_calls_of_the_budget_are_kept(start: Start, max_calls: int) -> None:
    solo, pool = compared(start, "pure", "thread", max_calls=max_calls)
    assert solo.calls + pool.calls <= max_calls
    assert (pool.results_compared is None) == (max_calls == 3)


@pytest.mark.parametrize("trials", [1, 5])
@pytest.mark.parametrize("call_s", [1e-6, 0.01, 10.0])
def test_calls_fit_their_part_of_the_budget(call_s: float, trials: int) -> None:
    campaign = campaign_of(None, [], call_s, budget_s=10.0)
    calls = calls_to_compare(campaign, trials)
    assert calls * (trials + 2) * call_s <= 0.05 * 10.0
    assert 0 <= calls <= MOST_CALLS
    assert (calls == 0) == (call_s == 10.0)
    assert calls_to_compare(campaign, 0) == 0


def test_a_trial_that_ends_while_it_is_asked_has_nothing_compared(start: Start) -> None:
    solo, pool = start("shared:pure", inputs="NUMBERS"), start("shared:pure", "thread", 2, inputs="NUMBERS")
    limit = time.monotonic() + PATIENCE_S
    pool.run_round(2, 1, limit, observed=False)
    pool.process._process.kill()
    compare_results(campaign_of(solo, [pool]))
    assert (pool.status, pool.results_compared) == ("failed", None)
