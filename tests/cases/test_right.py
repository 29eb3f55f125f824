"""What is fast and does not do what the function does alone is not recommended."""

from __future__ import annotations

import pytest

from tests.cases.conftest import PROGRAMS, Cli


def test_threads_that_fail_on_one_loop_are_no_choice_and_say_with_what(cli: Cli) -> None:
    outcome = cli.analyze(
        "shared_loop:fetch",
        "--inputs",
        "shared_loop:INPUTS",
        backends="thread,process",
        workers="4",
        budget=3,
        calls=300,
    )
    verdict = outcome.analysis.result["recommendation"]
    assert verdict["backend"] == "process"
    assert "thread × 4 is ruled out" in verdict["reason"]
    assert "This event loop is already running" in verdict["reason"]
    assert outcome.analysis.result["classification"]["label"] == "io-bound"


def test_a_hidden_coroutine_is_awaited(cli: Cli) -> None:
    outcome = cli.analyze(
        "hidden_coroutine:fetch",
        "--inputs",
        "INPUTS",
        "--context",
        "async",
        backends="thread,asyncio",
        workers="8",
        budget=3,
        calls=400,
    )
    assert outcome.status == 0
    result = outcome.analysis.result
    assert result["target"]["kind"] == "coroutine"
    assert (result["classification"]["label"], result["classification"]["subtype"]) == ("io-bound", "sleep")
    assert (outcome.analysis.advised, result["output"]) == ("asyncio", "")
    assert "await fetch(item)" in result["recommendation"]["code"]


def test_a_set_up_comes_before_the_import_of_what_needs_it(cli: Cli) -> None:
    cli.cwd = PROGRAMS / "configured"
    outcome = cli.analyze(
        "orders:total",
        "--inputs",
        "orders:INPUTS",
        "--setup",
        "settings:configure",
        backends="thread,process",
        calls=1000,
    )
    assert outcome.status == 0
    assert set(outcome.analysis.statuses.values()) == {"ok"}
    assert [trial["errors"] for trial in outcome.analysis.trials] == [0, 0, 0]


@pytest.mark.timing
def test_threads_within_a_limit_in_memory_are_advised_and_processes_that_pass_it_are_not(cli: Cli) -> None:
    outcome = cli.analyze(
        "limited:convert", "--inputs", "INPUTS", backends="thread,process", workers="3,12", budget=4, calls=1500
    )
    verdict = outcome.analysis.result["recommendation"]
    assert (verdict["backend"], verdict["workers"]) == ("thread", 3)
    assert (
        "process × 12 is ruled out: each of its processes would have a lock, limit or pool of its own"
        in verdict["reason"]
    )
    assert outcome.analysis.result["classification"]["label"] == "io-bound"


@pytest.mark.timing
def test_a_driver_that_waits_with_the_gil_held_in_a_thread_of_its_own_is_blamed(cli: Cli) -> None:
    outcome = cli.analyze(
        "pinned_driver:query",
        "--inputs",
        "INPUTS",
        "--context",
        "async",
        backends="asyncio,process",
        workers="4",
        budget=4,
        calls=300,
    )
    result = outcome.analysis.result
    assert (result["classification"]["label"], result["classification"]["subtype"]) == ("io-bound", "sleep")
    assert outcome.analysis.advised == "process"
    assert {finding["code"] for finding in result["findings"]} >= {"gil-held-while-blocked", "loop-blocked"}
