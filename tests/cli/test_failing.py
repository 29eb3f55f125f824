"""Targets that raise, end their process, or do not come back: the trial's status and reason; the others go on."""

from __future__ import annotations

import re

from tests.cli.conftest import PACKAGE, Cli, place

#: What crashes says where, in whichever process it does.
REASONS = {
    "exits": ["ended with exit status 3"],
    "segfaults": [
        "ended by SIGSEGV",
        ": Segmentation fault in string_at (__init__.py:",
        "), called by segfaults (dying.py:",
    ],
}


def test_exceptions_on_some_inputs_are_counted_with_the_first_traceback(cli: Cli) -> None:
    targets = place("failing", "sometimes", "sometimes_leaves")
    outcome = cli.analyze(*targets, "--inputs", "NUMBERS", backends="thread,process")
    assert outcome.status == 0
    raising, leaving = outcome.analyses.values()
    for analysis in (raising, leaving):
        assert analysis.statuses == {"serial": "ok", "thread": "ok", "process": "ok"}
        for trial in analysis.trials:
            assert 0 < trial["errors"] < trial["calls"]
    failure = raising.result["failure"]
    assert 0 < failure["count"] < failure["calls"]
    assert failure["type"] == "ZeroDivisionError"
    assert "return 1 / (number % 2)" in failure["traceback"]
    assert PACKAGE not in failure["traceback"]
    assert "ZeroDivisionError" in raising.finding("exceptions")["title"]
    assert leaving.result["failure"]["type"] == "SystemExit", "leaving is an exception like others"


def test_exceptions_on_every_input_are_no_verdict(cli: Cli) -> None:
    outcome = cli.analyze(*place("failing", "always", "leaves"), "--inputs", "NUMBERS")
    assert outcome.status == 3
    assert outcome.stdout == ""
    assert outcome.stderr.count("Traceback (most recent call last):") == 2
    told = [line for line in outcome.stderr.splitlines() if line.startswith("gilscope: ")]
    assert "ValueError: no good: " in told[0]
    calls = re.search(r"every one of (\d+) calls raised", told[0])
    assert calls is not None
    assert 32 <= int(calls[1]) <= 60, "enough to believe it, and no more"
    assert "SystemExit: enough" in told[1]


def test_a_target_that_ends_its_process_fails_each_trial_with_the_reason(cli: Cli) -> None:
    outcome = cli.analyze(*place("dying", *REASONS), backends="thread,asyncio,process")
    assert outcome.status == 4
    for name, reasons in REASONS.items():
        analysis = outcome.analyses[name]
        assert analysis.statuses == dict.fromkeys(["serial", "thread", "asyncio", "process"], "failed")
        for trial in analysis.trials:
            assert all(reason in trial["reason"] for reason in reasons)
        assert analysis.advised is None
        assert reasons[0] in analysis.result["recommendation"]["reason"]


def test_a_worker_that_ends_fails_its_trial_and_the_others_are_measured(cli: Cli) -> None:
    cli.environment["FATAL"] = "workers"
    outcome = cli.analyze(*place("dying", "is_killed"), backends="thread,process")
    assert outcome.status == 0
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok", "process": "failed"}
    assert "ended by SIGKILL" in outcome.analysis.trial("process")["reason"]
    assert outcome.analysis.advised == "thread"


def test_a_target_that_does_not_come_back_times_out_everywhere(cli: Cli) -> None:
    targets = place("stuck", "loops", "deadlocks")
    outcome = cli.analyze(*targets, "--timeout", "0.3s", backends="thread,asyncio,process", budget=4)
    assert outcome.status == 4
    for analysis in outcome.analyses.values():
        assert analysis.statuses == dict.fromkeys(["serial", "thread", "asyncio", "process"], "timeout")
        for trial in analysis.trials:
            assert trial["reason"].startswith("still running")


def test_a_target_that_is_stuck_in_some_pools_is_measured_in_the_rest(cli: Cli) -> None:
    stuck = {"loops_in_pools": ["thread", "process"], "deadlocks_in_processes": ["process"]}
    outcome = cli.analyze(*place("stuck", *stuck), "--timeout", "0.3s", backends="thread,process")
    assert outcome.status == 4, "where it is stuck in all of them, nothing was compared"
    for name, backends in stuck.items():
        analysis = outcome.analyses[name]
        for trial in analysis.trials:
            assert trial["status"] == ("timeout" if trial["backend"] in backends else "ok")
        assert analysis.advised == ("thread" if "thread" not in backends else None)


def test_a_budget_bounds_what_never_ends(cli: Cli) -> None:
    outcome = cli.analyze(*place("stuck", "sleeps"), backends="thread,process", budget=2)
    assert outcome.status == 4
    assert set(outcome.analysis.statuses.values()) == {"timeout"}
