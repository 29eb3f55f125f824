"""What hangs, or does not start, has a name."""

from __future__ import annotations

from tests.cases.conftest import Cli


def test_an_input_whose_call_does_not_return_is_named_and_the_others_are_judged(cli: Cli) -> None:
    outcome = cli.analyze("stuck_input:fetch", "--inputs", "INPUTS", workers="4", budget=3, calls=400)
    assert outcome.status == 0
    result = outcome.analysis.result
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok"}
    assert (result["target"]["inputs_given"], result["target"]["input_count"]) == (7, 6)
    assert "did not return within 1 s with 'never'" in result["recommendation"]["reason"]
    assert result["target"]["inputs_why"] in result["recommendation"]["reason"]
    assert result["classification"]["label"] == "io-bound"


def test_workers_that_do_not_start_are_quoted_and_forked_instead(cli: Cli) -> None:
    outcome = cli.analyze("start_method_set:collatz", "--inputs", "INPUTS", backends="process", budget=4, calls=400)
    spawned, forked = (trial for trial in outcome.analysis.trials if trial["backend"] == "process")
    assert (spawned["status"], forked["status"], forked["start_method"]) == ("failed", "ok", "fork")
    assert "RuntimeError: context has already been set" in spawned["reason"]
    assert "any ProcessPoolExecutor" in spawned["reason"]
    assert spawned["reason"] in outcome.analysis.result["recommendation"]["reason"]


def test_a_script_that_starts_processes_when_it_is_imported_is_told_so(cli: Cli) -> None:
    outcome = cli.analyze("unguarded.py:square", "--inputs", "INPUTS", "--start-limit", "1s", budget=1)
    assert outcome.status == 3
    assert 'under if __name__ == "__main__"' in outcome.stderr
