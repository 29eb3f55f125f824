"""What analyze says of functions whose right answer is known. The machine may be busy: order and proportion only."""

from __future__ import annotations

import operator

import pytest

import gilscope
from gilscope.examples import offload, primes, urls
from gilscope.records import Prediction
from gilscope.result import Result
from tests.truth import programs

pytestmark = pytest.mark.timing


def predicted(result: Result, backend: str) -> Prediction:
    return max((p for p in result.predictions if p.backend == backend), key=lambda p: p.throughput_per_s)


def test_primes_want_processes() -> None:
    result = gilscope.analyze(primes.is_prime, primes.PRIMES, budget_s=5)
    assert (result.classification.label, result.classification.subtype) == ("compute-bound", "python")
    assert result.recommendation.backend not in ("thread", "asyncio")
    if result.environment.cpus_usable >= 2:
        assert predicted(result, "process").throughput_per_s > 1.5 * predicted(result, "thread").throughput_per_s
        assert predicted(result, "thread").bottleneck == "gil"


def test_urls_want_threads() -> None:
    result = gilscope.analyze(urls.load_url, urls.URLS, kwargs={"timeout": 60}, budget_s=4)
    assert (result.classification.label, result.classification.subtype) == ("io-bound", "network")
    assert result.recommendation.backend == "thread"
    assert result.recommendation.speedup is not None
    assert result.recommendation.speedup > 2
    assert result.failure is not None
    assert result.failure.type == "URLError"
    assert 0 < result.failure.count < result.failure.calls


def test_a_blocking_call_is_offloaded_from_a_coroutine() -> None:
    result = gilscope.analyze(offload.sync_get_url, offload.URLS, context="async", budget_s=4)
    assert result.classification.label == "io-bound"
    assert (result.recommendation.backend, result.recommendation.executor) == ("asyncio", "thread")
    assert "run_in_executor" in result.recommendation.code


def test_a_coroutine_is_awaited_on_one_loop() -> None:
    """The budget lets it try more coroutines than there may be threads: of 64 each, threads are nearly as fast."""
    result = gilscope.analyze(offload.fetch, offload.URLS, budget_s=10)
    assert result.target.kind == "coroutine"
    assert (result.classification.label, result.classification.subtype) == ("io-bound", "network")
    assert (result.recommendation.backend, result.recommendation.executor) == ("asyncio", None)
    rates = {trial.workers: trial.throughput_per_s or 0.0 for trial in result.trials if trial.backend == "asyncio"}
    assert max(rates) > 64, "coroutines that wait are tried by the hundred"
    alone = next(trial.throughput_per_s for trial in result.trials if trial.backend == "serial")
    assert rates[result.recommendation.workers or 0] > 10 * (alone or 0.0)


def test_next_to_nothing_is_left_alone_and_frames_hold_what_the_record_holds() -> None:
    result = gilscope.analyze(operator.neg, range(100), budget_s=3)
    assert result.classification.label == "overhead-bound"
    assert result.recommendation.backend == "serial"
    trials, ledgers = result.trials_frame(), result.ledger_frame()
    assert list(trials["backend"]) == [trial.backend for trial in result.trials]
    assert set(ledgers["backend"]) <= set(trials["backend"])
    assert {"wall_s", "cpu_gil_s", "gil_wait_s", "runqueue_s"} <= set(ledgers.columns)


def test_without_proc_the_gil_is_told_by_py_spy() -> None:
    result = gilscope.analyze(programs.python, backends=["thread"], workers=[2], budget_s=8, observer="psutil")
    assert (result.instrument.ledger_source, result.instrument.gil_source) == ("psutil", "py-spy")
    assert result.classification.label == "compute-bound"
    assert result.classification.gil_held_ratio is not None
    assert result.classification.gil_held_ratio > 0.5
    assert result.demands is not None
    assert (result.demands.cpu_gil_s, result.demands.gil_wait_s, result.demands.network_s) == (None, None, None)
