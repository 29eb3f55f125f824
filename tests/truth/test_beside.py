"""What is known of a trial beside its ledger, of programs for which it is known what that must be."""

from __future__ import annotations

import os
import time

import pytest

from gilscope.measure.live import LiveTrial
from gilscope.measure.record import trial_record
from gilscope.records import StartMethod, Trial
from tests.truth.conftest import PATIENCE_S, Observe, Start
from tests.truth.programs import BLOCK


def run(trial: LiveTrial, calls: int, *, observed: bool = False) -> Trial:
    """The record after one round more."""
    limit = time.monotonic() + PATIENCE_S
    trial.account.rounds.append(trial.run_round(calls, 1, limit, observed=observed))
    return trial_record(trial.account, {}, None)


# -- bytes read ------------------------------------------------------------------------------------


@pytest.mark.parametrize("observed", [False, True])
def test_the_bytes_a_call_reads(start: Start, observed: bool) -> None:
    record = run(start("programs:read_file"), 20, observed=observed)
    assert record.read_bytes == pytest.approx(len(BLOCK), rel=0.01)
    assert record.storage_read_bytes is not None
    assert record.storage_read_bytes < len(BLOCK) / 2  # it was written a moment ago


def test_a_call_that_reads_nothing(start: Start) -> None:
    record = run(start("programs:python"), 20)
    assert record.read_bytes == 0  # what its process reads to hear of the round is not the call's
    assert record.storage_read_bytes is not None


def test_bytes_are_counted_in_the_solo_run_alone(start: Start) -> None:
    assert run(start("programs:read_file", "thread", 2), 4).read_bytes is None


# -- processes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("backend", "workers"), [("serial", 1), ("thread", 3), ("process", 2)])
def test_the_processes_that_calls_start(start: Start, backend: str, workers: int) -> None:
    """Each call waits for one, so that there are never more than workers."""
    record = run(start("programs:child", backend, workers), 10 * workers, observed=True)
    assert record.children_started is not None
    assert min(2, workers) <= record.children_started <= workers


@pytest.mark.parametrize("backend", ["serial", "process"])
def test_the_processes_of_the_pool_are_not_the_calls(start: Start, backend: str) -> None:
    assert run(start("programs:sleep", backend, 1), 10, observed=True).children_started == 0


@pytest.mark.parametrize(("source", "observed"), [("proc", False), ("psutil", True)])
def test_where_nobody_looked_for_processes_they_are_unknown(start: Start, source: str, observed: bool) -> None:
    assert run(start("programs:child", source=source), 3, observed=observed).children_started is None


# -- threads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("backend", "workers"), [("asyncio", 3), ("serial", 1)])
def test_threads_of_the_loops_default_executor(start: Start, backend: str, workers: int) -> None:
    """As many as calls at a time; more where a thread is not yet back when the next call comes."""
    trial = start("programs:coroutine_to_thread", backend, workers)
    seen = [run(trial, 3 * workers).default_pool_threads or 0 for _ in range(2)]
    assert workers <= seen[0] <= seen[1] <= min(32, (os.cpu_count() or 1) + 4)


@pytest.mark.parametrize(
    ("program", "backend"), [("coroutine_sleep", "asyncio"), ("coroutine_sleep", "serial"), ("sleep", "asyncio")]
)
def test_a_default_executor_that_is_not_used(start: Start, program: str, backend: str) -> None:
    assert run(start(f"programs:{program}", backend), 3).default_pool_threads is None


@pytest.mark.parametrize(
    ("program", "method", "threads"),
    [("threaded:nothing", "fork", 1), ("programs:sleep", "fork", 0), ("threaded:nothing", "spawn", None)],
)
def test_threads_there_when_the_pool_forks(
    start: Start, program: str, method: StartMethod, threads: int | None
) -> None:
    assert run(start(program, "process", 2, start_method=method), 2).threads_before_fork == threads


def test_libraries_with_threads_of_their_own(start: Start) -> None:
    trial = start("blas:product")
    run(trial, 2)
    trial.look_for_native_pools(time.monotonic() + PATIENCE_S)
    blas = [pool for pool in trial.account.native_pools if pool.library in ("openblas", "mkl", "blis")]
    assert [(pool.variable or "").endswith("_NUM_THREADS") for pool in blas] == [True] * len(blas) != []
    assert all(pool.threads is not None and pool.threads >= 1 for pool in blas)


def test_a_program_without_such_libraries(start: Start) -> None:
    trial = start("programs:python")
    trial.look_for_native_pools(time.monotonic() + PATIENCE_S)
    assert trial.account.native_pools == ()


# -- importing -------------------------------------------------------------------------------------


def test_what_importing_the_target_costs(start: Start) -> None:
    began = time.monotonic()
    loaded = start("blas:product").account.loaded
    took_s = time.monotonic() - began
    assert loaded is not None
    assert "numpy" in {cost.module for cost in loaded.imports}
    assert 0.0 < sum(cost.seconds for cost in loaded.imports) < took_s


def test_a_target_that_imports_little_names_little(start: Start) -> None:
    loaded = start("shared:pure", inputs="NUMBERS").account.loaded
    assert loaded is not None
    assert {"numpy", "gilscope"} & {cost.module for cost in loaded.imports} == set()


# -- holding the GIL -------------------------------------------------------------------------------


@pytest.mark.timing
def test_a_step_of_c_is_one_hold_and_as_many_steps_of_python_are_many(observe: Observe) -> None:
    one, many = observe("one_step", "thread", 2, round_s=1.5), observe("steps", "thread", 2, round_s=1.5)
    for ledger in (one, many):
        assert ledger.longest_hold_s is not None
        assert ledger.calls > 0
    assert (one.longest_hold_s or 0.0) > 0.4 * one.cpu_s / one.calls
    # A holder that is given no CPU holds it longer: on a busy machine only the order is certain.
    assert (many.longest_hold_s or 0.0) < (one.longest_hold_s or 0.0)


@pytest.mark.timing
def test_a_hold_that_nobody_waits_for_is_none(observe: Observe) -> None:
    assert observe("one_step").longest_hold_s == 0.0
