"""The options that say how to measure, and the other commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, place

NAP = place("well", "nap")
SENSELESS = {
    ("--budget", "soon"): "--budget 'soon' is no time",
    ("--workers", "0"): "workers 0 makes no sense",
    ("--backends", "tread"): "did you mean 'thread'?",
    ("--start-method", "clone"): "start method 'clone'",
    ("--format", "pdf"): "no format 'pdf'",
    ("--predict-cpus", "4,0"): "predict-cpus 0 makes no sense",
    ("--predict-gil", "no"): "--predict-gil 'no' is neither on nor off",
    ("--setup", "no_such"): "no 'no_such'",
}


def test_a_value_that_makes_no_sense_is_refused_in_one_line(cli: Cli) -> None:
    outcomes = cli.run_each(*(("analyze", *NAP, *arguments) for arguments in SENSELESS))
    for outcome, told in zip(outcomes, SENSELESS.values(), strict=True):
        assert outcome.status == 2
        assert told in outcome.line


def test_what_the_command_line_does_not_know_is_a_usage_error(cli: Cli) -> None:
    for outcome in cli.run_each(("analyze",), ("analyze", "x:y", "--no-such"), ("analyse",), ("report",)):
        assert outcome.status == 2
        assert outcome.stdout == ""
        assert "Usage:" in outcome.stderr


def test_help_and_version_are_answers(cli: Cli) -> None:
    for outcome in cli.run_each(("--help",), ("analyze", "--help"), ("report", "-h"), ("doctor", "-h"), ("--version",)):
        assert outcome.status == 0
        assert "gilscope" in outcome.stdout
        assert outcome.stderr == ""


def test_backends_and_workers_are_those_asked_for(cli: Cli) -> None:
    outcome = cli.analyze(*NAP, workers="1,3", backends="thread,asyncio")
    assert outcome.status == 0
    tried = [(trial["backend"], trial["workers"]) for trial in outcome.analysis.trials]
    assert tried[0] == ("serial", 1)
    assert sorted(tried[1:]) == [("asyncio", 1), ("asyncio", 3), ("thread", 1), ("thread", 3)]


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_chunksize_start_method_cpus_and_seed_are_those_asked_for(cli: Cli, method: str) -> None:
    options = ("--chunksize", "5", "--start-method", method, "--cpus", "1", "--seed", "7")
    outcome = cli.analyze(*place("well", "spin"), "--inputs", "NUMBERS", *options, backends="process")
    assert outcome.status == 0
    trial = outcome.analysis.trial("process")
    assert (trial["chunksize"], trial["start_method"], trial["status"]) == (5, method, "ok")
    assert outcome.analysis.result["environment"]["cpus_usable"] == 1
    assert outcome.analysis.result["settings"]["seed"] == 7


def test_calls_and_time_are_bounded(cli: Cli) -> None:
    outcome = cli.analyze(*NAP, backends="thread,asyncio,process", workers="auto", budget=2, calls=40)
    assert outcome.analysis.result["settings"]["max_calls"] == 40
    assert 0 < sum(trial["calls"] for trial in outcome.analysis.trials) <= 40
    assert outcome.analysis.result["elapsed_s"] <= 1.2 * 2 + 1


def test_a_coroutine_that_calls_is_told_to_offload(cli: Cli) -> None:
    outcome = cli.analyze(*NAP, "--context", "async", backends="asyncio,thread")
    assert outcome.status == 0
    advice = outcome.analysis.result["recommendation"]
    assert (advice["backend"], advice["executor"], advice["context"]) == ("asyncio", "thread", "async")
    assert "run_in_executor" in advice["code"]


def test_setup_and_teardown_run_once_in_each_process(cli: Cli, tmp_path: Path) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    cli.environment["TRACE"] = str(traces)
    hooks = ("--setup", "setup", "--teardown", "teardown")
    outcome = cli.analyze(*place("hooks", "nap"), *hooks, backends="thread,process")
    assert outcome.status == 0
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok", "process": "ok"}
    assert {trial["errors"] for trial in outcome.analysis.trials} == {0}
    done = {what: {path.name.partition("-")[2] for path in traces.glob(f"{what}-*")} for what in ("setup", "teardown")}
    known = 1 + 1 + 2  # serial, the process of the threads, two workers
    assert known < len(done["setup"]) <= known + 2, "and those of the leader's twin"
    assert done["teardown"] == done["setup"]


def test_doctor_says_what_works(cli: Cli) -> None:
    saved, shown = cli.run_each(("doctor", "--json"), ("doctor",))
    assert (saved.status, shown.status) == (0, 0)
    checks = {check["name"]: check for check in json.loads(saved.stdout)}
    assert {"/proc", "GIL calibration", "py-spy", "CPUs", "clock", "ptrace", "start methods"} <= set(checks)
    assert checks["trial process"]["works"]
    lines = shown.stdout.splitlines()
    assert [line[:2] in ("ok", "NO") for line in lines] == [True] * len(checks)


def test_a_target_may_be_named_as_a_module(cli: Cli) -> None:
    (cli.cwd / "mine.py").write_text("import time\n\ndef nap():\n    time.sleep(0.002)\n")
    outcome = cli.analyze("mine:nap")
    assert outcome.status == 0
    assert outcome.analysis.result["target"]["file"] == "mine.py", "as seen from the working folder"


def test_an_analysis_inside_an_analysis_is_refused(cli: Cli) -> None:
    (cli.cwd / "mine.py").write_text("import gilscope\n\ndef f():\n    pass\n\ngilscope.analyze(f)\n")
    outcome = cli.analyze("mine:f")
    assert outcome.status in (2, 3)
    assert "put the call" in outcome.stderr.splitlines()[-1]


def test_other_machines_are_predicted_and_not_measured(cli: Cli) -> None:
    asked = ("--predict-cpus", "64,32", "--predict-cpus", "16", "--predict-gil", "off")
    outcome = cli.analyze(*place("well", "spin"), "--inputs", "NUMBERS", *asked, workers="2", backends="thread,process")
    assert outcome.status == 0
    here = outcome.analysis.result["environment"]
    others = [
        prediction
        for prediction in outcome.analysis.result["predictions"]
        if (prediction["cpus"], prediction["gil_enabled"]) != (here["cpus_usable"], here["gil_enabled"])
    ]
    assert {prediction["cpus"] for prediction in others if prediction["gil_enabled"]} == {64, 32, 16}
    assert {prediction["backend"] for prediction in others if not prediction["gil_enabled"]} == {"thread"}
    assert {prediction["measured_per_s"] for prediction in others} == {None}
    assert {pool["backend"] for pool in outcome.analysis.result["break_even"]} <= {"thread", "process"}
