"""Inputs of every sort, and the options that give arguments. What those that do not fit are told stands in
tests/unit/targets."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli, place


@pytest.mark.parametrize(
    ("target", "options", "told"),
    [
        (("given", "take"), ("--inputs", "TEXT"), "is one str, not several inputs"),
        (("well", "add"), ("--inputs", "NUMBERS", "--kwarg", "bogus=3"), "bogus"),
    ],
)
def test_inputs_and_arguments_that_do_not_fit_are_refused_in_one_line(
    cli: Cli, target: tuple[str, str], options: tuple[str, ...], told: str
) -> None:
    outcome = cli.answer("analyze", *place(*target), *options)
    assert outcome.status == 2
    assert told in outcome.line


def test_inputs_that_raise_keep_the_traceback(cli: Cli) -> None:
    outcome = cli.answer("analyze", *place("given", "take"), "--inputs", "raising")
    assert outcome.status == 3
    assert 'raise RuntimeError("the inputs ran dry")' in outcome.stderr


def test_of_too_many_inputs_the_first_are_taken_and_that_is_said(cli: Cli) -> None:
    outcome = cli.analyze(*place("given", "take"), "--inputs", "ENDLESS", calls=240)
    assert outcome.status == 0
    target = outcome.analysis.result["target"]
    assert target["inputs_truncated"]
    assert target["inputs_given"] == 1000
    assert 0 < target["input_count"] <= 60
    assert "a quarter of the 240 calls allowed" in target["inputs_why"]
    assert "first 1000 inputs" in outcome.analysis.finding("inputs-truncated")["title"]


def test_inputs_that_cannot_be_pickled_refuse_processes_and_no_more(cli: Cli) -> None:
    outcome = cli.analyze(*place("given", "take"), "--inputs", "UNPICKLABLE", backends="thread,process")
    assert outcome.status == 0
    refused = outcome.analysis.trial("process")
    assert refused["status"] == "refused"
    assert "cannot be pickled" in refused["reason"]
    assert "lock" in refused["reason"]
    assert outcome.analysis.finding("not-picklable")["evidence"] == refused["reason"]
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok", "process": "refused"}
    assert outcome.analysis.advised == "thread"


def test_arguments_reach_the_function(cli: Cli) -> None:
    arguments = ("--star", "--inputs", "PAIRS", "--kwarg", "times=len(NUMBERS)")
    outcome = cli.analyze(*place("well", "add"), *arguments, calls=20_000)
    assert outcome.status == 0
    assert outcome.analysis.trial("serial")["calls"] > 0
    assert {trial["errors"] for trial in outcome.analysis.trials} == {0}
