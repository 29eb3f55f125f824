"""The options that say how to measure, in an analysis, and the other commands. That each option reaches the analysis
stands in test_asked, and what is planned for it in tests/unit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gilscope.decide.noise import TIE_MARGIN
from gilscope.measure.health import Check
from tests.cli.conftest import Analysis, Cli, Measured, place


def test_calls_are_bounded_and_the_bound_is_recorded(measured: Callable[[str], Measured]) -> None:
    for analysis in measured("well").analyses.values():
        assert analysis.result["settings"]["max_calls"] == 300
        assert 0 < sum(trial["calls"] for trial in analysis.trials) <= 300


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, measured: Callable[[str], Measured]) -> Analysis:
    (only,) = measured("asked").analyses.values()
    return only


def test_configurations_are_those_asked_for(asked: Analysis) -> None:
    tried = [(trial["backend"], trial["workers"], trial["chunksize"], trial["start_method"]) for trial in asked.trials]
    assert tried[0] == ("serial", 1, 1, None)
    assert sorted(tried[1:]) == [
        *(("asyncio", 1, 1, None), ("asyncio", 3, 1, None), ("process", 1, 5, "fork"), ("process", 3, 5, "fork")),
        *(("thread", 1, 1, None), ("thread", 3, 1, None)),
    ]
    assert {trial["status"] for trial in asked.trials} == {"ok"}
    assert {(trial["backend"], trial["runner"], trial["executor"]) for trial in asked.trials} == {
        *(("serial", "plain", None), ("thread", "plain", "thread"), ("process", "plain", "process")),
        ("asyncio", "event-loop", "thread"),
    }
    assert asked.result["environment"]["cpus_usable"] == 1
    assert asked.result["settings"]["seed"] == 7


def test_a_coroutine_that_calls_is_told_to_offload(asked: Analysis) -> None:
    advice = asked.result["recommendation"]
    assert (advice["backend"], advice["context"]) == ("asyncio", "async")
    assert advice["runner"] == "event-loop"
    assert advice["executor"] in ("thread", "process")
    assert "run_in_executor" in advice["code"]


def test_other_machines_are_predicted_and_not_measured(asked: Analysis) -> None:
    here = asked.result["environment"]
    others = [
        prediction
        for prediction in asked.result["predictions"]
        if (prediction["cpus"], prediction["gil_enabled"]) != (here["cpus_usable"], here["gil_enabled"])
    ]
    assert {prediction["cpus"] for prediction in others if prediction["gil_enabled"]} == {64, 32, 16}
    assert {prediction["backend"] for prediction in others if not prediction["gil_enabled"]} == {"thread", "asyncio"}
    assert {prediction["measured_per_s"] for prediction in others} == {None}
    assert {pool["backend"] for pool in asked.result["break_even"]} <= {"thread", "process", "asyncio"}


def test_an_exhaustive_search_tries_the_whole_grid_and_tells_the_noise(cli: Cli) -> None:
    grid = ("--exhaustive", "--max-workers", "4", "--backends", "thread", "--budget", "20s")
    outcome = cli.run("analyze", *place("well", "nap"), *grid, "--json")
    assert outcome.status == 0
    assert [trial["workers"] for trial in outcome.analysis.trials] == [1, 2, 4]
    noise = outcome.analysis.result["noise"]
    assert (noise["backend"], noise["workers"]) == ("thread", outcome.analysis.result["recommendation"]["workers"])
    assert noise["floor"] >= max(TIE_MARGIN, abs(noise["ratio"] - 1) / noise["pairs"] ** 0.5 - 1e-9)


def test_short_calls_go_to_processes_in_chunks_and_the_price_of_single_ones_is_shown(cli: Cli) -> None:
    short = (*place("well", "spin"), "--arg", "2000", "--backends", "process", "--budget", "20s")
    trials = cli.run("analyze", *short, "--json").analysis.trials
    trial = max((trial for trial in trials if trial["backend"] == "process"), key=lambda trial: trial["chunksize"])
    assert trial["chunksize"] > 1
    assert 0 < trial["chunksize_one_per_s"] < trial["throughput_per_s"]


def test_setup_and_teardown_run_once_in_each_process(cli: Cli, tmp_path: Path) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    cli.environment["TRACE"] = str(traces)
    hooks = ("--setup", "setup", "--teardown", "teardown")
    outcome = cli.analyze(*place("hooks", "nap"), *hooks, backends="thread,process", calls=1200)
    assert outcome.status == 0
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok", "process": "ok"}
    assert {trial["errors"] for trial in outcome.analysis.trials} == {0}
    advice = outcome.analysis.result["recommendation"]
    assert (advice["setup"], advice["teardown"]) == ("hooks:setup", "hooks:teardown")
    done = {what: {path.name.partition("-")[2] for path in traces.glob(f"{what}-*")} for what in ("setup", "teardown")}
    known = 1 + 1 + 2  # serial, the process of the threads, two workers
    assert known < len(done["setup"]) <= known + 4, "and those of second processes"
    assert done["teardown"] == done["setup"]


def test_doctor_says_what_works(cli: Cli) -> None:
    saved, shown = cli.answers(("doctor", "--json"), ("doctor",))
    assert (saved.status, shown.status) == (0, 0)
    checks = {check["name"]: check for check in json.loads(saved.stdout)}
    assert {"/proc", "GIL calibration", "py-spy", "CPUs", "clock", "ptrace", "start methods"} <= set(checks)
    assert checks["trial process"]["works"]
    lines = shown.stdout.splitlines()
    assert [line[:2] in ("ok", "NO", "--") for line in lines] == [True] * len(checks)


def test_a_target_may_be_named_as_a_module(cli: Cli) -> None:
    (cli.cwd / "mine.py").write_text("import time\n\ndef nap():\n    time.sleep(0.002)\n")
    outcome = cli.analyze("mine:nap", calls=40)
    assert outcome.analysis.result["target"]["file"] == "mine.py", "as seen from the working folder"


def test_an_analysis_inside_an_analysis_is_refused(cli: Cli) -> None:
    (cli.cwd / "mine.py").write_text("import gilscope\n\ndef f():\n    pass\n\ngilscope.analyze(f)\n")
    outcome = cli.analyze("mine:f")
    assert outcome.status in (2, 3)
    assert "put the call" in outcome.stderr.splitlines()[-1]


def test_where_nothing_keeps_to_a_constraint_nothing_is_recommended_and_that_is_why(cli: Cli) -> None:
    outcome = cli.analyze(*place("well", "nap"), "--max-memory", "1MiB", calls=60)
    assert outcome.status == 4
    assert outcome.analysis.advised is None
    reason = outcome.analysis.result["recommendation"]["reason"]
    assert reason.count("of memory are beyond the 1 MiB allowed") == 2  # the solo run and threads, as weighed


@pytest.mark.parametrize(("needed", "status", "mark"), [(True, 1, "NO"), (False, 0, "--")])
def test_the_doctor_fails_where_something_that_is_needed_does(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, needed: bool, status: int, mark: str
) -> None:
    found = [Check("clock", True, "ticks", needed=True), Check("py-spy", False, "not installed", needed=needed)]
    monkeypatch.setattr("gilscope.measure.health.checks", lambda: iter(found))
    for outcome in cli.answers(("doctor",), ("doctor", "--json")):
        assert outcome.status == status
        assert ("no verdict without" in outcome.stderr) == needed
    line = cli.answer("doctor").stdout.splitlines()[1]
    assert line == f"{mark} py-spy  {'' if needed else 'optional: '}not installed"
