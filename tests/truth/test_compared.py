"""Comparing results: functions whose results hold under concurrency, and functions whose do not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gilscope.analysis.budget import Budget
from gilscope.analysis.journal import Journal
from gilscope.analysis.perform import perform
from gilscope.analysis.runner import Runner
from gilscope.decide.measured import Experiment
from gilscope.decide.next_steps import next_step
from gilscope.decide.steps import CheckResults
from gilscope.measure.live import LiveTrial
from gilscope.measure.trial_account import TrialAccount
from gilscope.options import Options
from gilscope.targets import TargetSpec
from tests.truth.conftest import PATIENCE_S, Start
from tests.unit.decide_builders import BACKENDS, RACED


def check(solo: LiveTrial, pool: LiveTrial, call_s: float = 0.002, **limits: Any) -> None:
    """Compare results, where that is asked for after the race."""
    options = Options(**{"budget_s": 60.0, **limits})
    journal = Journal(Experiment(options, 2.0, BACKENDS), [*RACED], [solo, pool], looked_s=call_s)
    runner = Runner(TargetSpec(spec="x:y"), journal, Budget(options.budget_s, options.max_calls), lambda doing: None)
    step = next_step(runner.measured)
    if isinstance(step, CheckResults):
        perform(runner, step)
        runner.end_all(but=[solo, pool])  # what it started for the trials to come


def compared(start: Start, function: str, backend: str, inputs: str = "NUMBERS", **limits: Any) -> list[TrialAccount]:
    """The serial trial and one of the backend, their results compared."""
    pool = start(f"shared:{function}", backend, 4, inputs=inputs)
    solo = start(f"shared:{function}", inputs=inputs)
    check(solo, pool, **limits)
    return [solo.account, pool.account]


@pytest.mark.parametrize("backend", ["thread", "process", "asyncio"])
def test_results_that_hold(start: Start, backend: str) -> None:
    """A loop, where the caller has one: plain code would not be told to use it for a plain function."""
    context = "async" if backend == "asyncio" else "sync"
    for trial in compared(start, "pure", backend, context=context):
        assert trial.known.results_compared is not None
        assert (trial.known.results_compared >= 8, trial.known.results_differing) == (True, 0)


@pytest.mark.parametrize(("function", "backend"), [("tangled", "thread"), ("tangled_coroutine", "asyncio")])
def test_shared_state_is_seen(start: Start, function: str, backend: str) -> None:
    solo, pool = compared(start, function, backend)
    assert solo.known.results_differing == 0
    assert pool.known.results_compared is not None
    assert pool.known.results_differing is not None
    assert pool.known.results_differing > pool.known.results_compared / 4


@pytest.mark.parametrize(("function", "backend"), [("tangled", "process"), ("pure_coroutine", "asyncio")])
def test_what_is_not_shared_does_no_harm(start: Start, function: str, backend: str) -> None:
    _, pool = compared(start, function, backend)
    assert (pool.known.results_compared or 0) > 20
    assert pool.known.results_differing == 0


def test_chance_is_told_of_the_serial_run_and_of_no_other(start: Start) -> None:
    solo, pool = compared(start, "by_chance", "thread")
    assert solo.known.results_compared == solo.known.results_differing != 0
    assert (pool.known.results_compared, pool.known.results_differing) == (None, None)


def test_inputs_whose_results_are_chance_are_left_out(start: Start) -> None:
    solo, pool = compared(start, "half_by_chance", "thread")
    assert solo.known.results_compared is not None
    assert solo.known.results_differing is not None
    assert 0 < solo.known.results_differing < solo.known.results_compared
    assert pool.known.results_compared is not None
    assert pool.known.results_differing == 0


@pytest.mark.parametrize("inputs", ["NUMBERS", "WORDS"])
def test_the_order_of_sets_is_one_in_all_processes(start: Start, inputs: str) -> None:
    _, pool = compared(start, "order_of_a_set", "process", inputs)
    assert (pool.known.results_compared or 0) > 20
    assert pool.known.results_differing == 0


@pytest.mark.parametrize(
    ("function", "inputs"),
    [("no_plain_result", "NUMBERS"), ("takes_lock", "LOCKS"), ("raises", "NUMBERS"), ("drained", "NUMBERS")],
)
def test_what_cannot_be_compared_is_unknown(start: Start, function: str, inputs: str) -> None:
    for trial in compared(start, function, "thread", inputs):
        assert (trial.known.results_compared, trial.known.results_differing) == (None, None)


def test_a_target_that_failed_before_is_not_called_again(start: Start) -> None:
    solo, pool = start("shared:pure", inputs="NUMBERS"), start("shared:pure", "thread", 2, inputs="NUMBERS")
    pool.account.errors = 1
    check(solo, pool)
    assert (solo.account.calls, pool.account.calls) == (0, 0)


@pytest.mark.parametrize("max_calls", [3, 50])
def test_the_calls_of_the_budget_are_kept(start: Start, max_calls: int) -> None:
    solo, pool = compared(start, "pure", "thread", max_calls=max_calls)
    assert solo.calls + pool.calls <= max_calls
    assert (pool.known.results_compared is None) == (max_calls == 3)


def test_a_trial_that_ends_while_it_is_asked_has_nothing_compared(start: Start) -> None:
    solo, pool = start("shared:pure", inputs="NUMBERS"), start("shared:pure", "thread", 2, inputs="NUMBERS")
    limit = time.monotonic() + PATIENCE_S
    pool.run_round(2, 1, limit, observed=False)
    pool.process._process.kill()
    check(solo, pool)
    assert (pool.account.known.status, pool.account.known.results_compared) == ("failed", None)
