"""Targets that raise, end their process, or do not come back: the trial's status and reason; the others go on."""

from __future__ import annotations

import pytest

from tests.cli.conftest import PACKAGE, Cli, place

FATES = {
    "exits": "ended with exit status 3",
    "segfaults": "ended by SIGSEGV",
    "is_killed": "ended by SIGKILL",
}


def test_exceptions_on_some_inputs_are_counted_with_the_first_traceback(cli: Cli) -> None:
    outcome = cli.analyze(*place("failing", "sometimes"), "--inputs", "NUMBERS")
    assert outcome.status == 0
    failure = outcome.analysis.result["failure"]
    assert 0 < failure["count"] < failure["calls"]
    assert failure["type"] == "ZeroDivisionError"
    assert "return 1 / (number % 2)" in failure["traceback"]
    assert PACKAGE not in failure["traceback"]
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok"}
    for trial in outcome.analysis.trials:
        assert 0 < trial["errors"] < trial["calls"]
    assert "ZeroDivisionError" in outcome.analysis.finding("exceptions")["title"]


def test_exceptions_on_every_input_are_no_verdict(cli: Cli) -> None:
    outcome = cli.analyze(*place("failing", "always", "leaves"), "--inputs", "NUMBERS")
    assert outcome.status == 3
    assert outcome.stdout == ""
    assert outcome.stderr.count("Traceback (most recent call last):") == 2
    told = [line for line in outcome.stderr.splitlines() if line.startswith("gilscope: ")]
    assert "ValueError: no good: " in told[0]
    assert "SystemExit: enough" in told[1]


def test_leaving_on_some_inputs_is_an_exception_like_others(cli: Cli) -> None:
    target = place("failing", "sometimes_leaves")
    outcome = cli.analyze(*target, "--inputs", "NUMBERS", backends="thread,process")
    assert outcome.status == 0
    assert outcome.analysis.result["failure"]["type"] == "SystemExit"
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok", "process": "ok"}


def test_a_target_that_ends_its_process_fails_each_trial_with_its_fate(cli: Cli) -> None:
    outcome = cli.analyze(*place("dying", *FATES), backends="thread,asyncio,process")
    assert outcome.status == 4
    for name, fate in FATES.items():
        analysis = outcome.analyses[name]
        assert analysis.statuses == dict.fromkeys(["serial", "thread", "asyncio", "process"], "failed")
        for trial in analysis.trials:
            assert fate in trial["reason"]
        assert analysis.advised is None
        assert fate in analysis.result["recommendation"]["reason"]


def test_a_worker_that_ends_fails_its_trial_and_the_others_are_measured(cli: Cli) -> None:
    cli.environment["FATAL"] = "workers"
    outcome = cli.analyze(*place("dying", *FATES), backends="thread,process")
    assert outcome.status == 0
    for name, fate in FATES.items():
        analysis = outcome.analyses[name]
        assert analysis.statuses == {"serial": "ok", "thread": "ok", "process": "failed"}
        assert fate in analysis.trial("process")["reason"]
        assert analysis.advised == "thread"


def test_a_target_that_does_not_come_back_times_out_everywhere(cli: Cli) -> None:
    targets = place("stuck", "loops", "sleeps", "deadlocks")
    outcome = cli.analyze(*targets, "--timeout", "0.3s", backends="thread,asyncio,process", budget=4)
    assert outcome.status == 4
    for analysis in outcome.analyses.values():
        assert analysis.statuses == dict.fromkeys(["serial", "thread", "asyncio", "process"], "timeout")
        for trial in analysis.trials:
            assert "after 0.3 s" in trial["reason"]


@pytest.mark.parametrize(
    ("name", "stuck"), [("loops_in_pools", ["thread", "process"]), ("deadlocks_in_processes", ["process"])]
)
def test_a_target_that_is_stuck_in_some_pools_is_measured_in_the_rest(cli: Cli, name: str, stuck: list[str]) -> None:
    outcome = cli.analyze(*place("stuck", name), "--timeout", "0.3s", backends="thread,process")
    assert outcome.status == 0
    for trial in outcome.analysis.trials:
        assert trial["status"] == ("timeout" if trial["backend"] in stuck else "ok")
    assert outcome.analysis.advised not in stuck


def test_a_budget_bounds_what_never_ends(cli: Cli) -> None:
    outcome = cli.analyze(*place("stuck", "sleeps"), backends="thread,process", budget=2)
    assert outcome.status == 4
    assert outcome.analysis.result["elapsed_s"] <= 1.2 * 2 + 1
