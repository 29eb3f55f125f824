"""Inputs of every sort, and the options that give arguments."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli, place

REFUSED = {
    ("take", "--inputs", "EMPTY"): "is empty",
    ("take", "--inputs", "TEXT"): "is one str, not several inputs",
    ("take", "--inputs", "NUMBER"): "is of type int, which is not iterable",
    ("take", "--inputs", "EMPT"): "did you mean 'EMPTY'?",
}
UNFIT = {
    ("add", "--inputs", "PAIRS"): "--star",
    ("add", "--arg", "1", "--arg", "missing"): "NameError",
    ("add", "--star"): "there are none",
    ("add", "--inputs", "NUMBERS", "--kwarg", "bogus=3"): "bogus",
}


@pytest.mark.parametrize(("module", "refused"), [("given", REFUSED), ("well", UNFIT)])
def test_inputs_and_arguments_that_do_not_fit_are_refused_in_one_line(
    cli: Cli, module: str, refused: dict[tuple[str, ...], str]
) -> None:
    commands = [("analyze", *place(module, function), *options) for function, *options in refused]
    for outcome, told in zip(cli.run_each(*commands), refused.values(), strict=True):
        assert outcome.status == 2
        assert told in outcome.line


def test_inputs_that_raise_keep_the_traceback(cli: Cli) -> None:
    outcome = cli.analyze(*place("given", "take"), "--inputs", "raising")
    assert outcome.status == 3
    assert 'raise RuntimeError("the inputs ran dry")' in outcome.stderr


@pytest.mark.parametrize("inputs", ["ENDLESS", "MANY"])
def test_of_too_many_inputs_the_first_are_taken_and_that_is_said(cli: Cli, inputs: str) -> None:
    outcome = cli.analyze(*place("given", "take"), "--inputs", inputs)
    assert outcome.status == 0
    target = outcome.analysis.result["target"]
    assert target["inputs_truncated"]
    assert 0 < target["input_count"] <= 1000
    assert f"first {target['input_count']} inputs" in outcome.analysis.finding("inputs-truncated")["title"]


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


@pytest.mark.parametrize(
    "arguments",
    [
        ("--arg", "1000", "--arg", "2", "--kwarg", "times=3"),
        ("--star", "--inputs", "PAIRS", "--kwarg", "times=len(NUMBERS)"),
    ],
)
def test_arguments_reach_the_function(cli: Cli, arguments: tuple[str, ...]) -> None:
    outcome = cli.analyze(*place("well", "add"), *arguments, budget=1.5, calls=10**6)
    assert outcome.status == 0
    assert outcome.analysis.trial("serial")["calls"] > 0
    assert {trial["errors"] for trial in outcome.analysis.trials} == {0}


def test_a_callable_of_another_module_makes_the_inputs(cli: Cli) -> None:
    outcome = cli.analyze(*place("given", "take"), "--inputs", *place("well", "numbers"))
    assert outcome.status == 0
    assert outcome.analysis.result["target"]["input_count"] == 20
