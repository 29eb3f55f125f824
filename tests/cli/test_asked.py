"""What the command line asks for: every option of ``gilscope analyze`` reaches the analysis. Nothing is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gilscope.options import Options
from gilscope.result import Result
from gilscope.targets import TargetSpec
from tests.cli.conftest import Cli, place
from tests.unit.handmade import make_result

NAP = place("well", "nap")
Ask = Callable[..., tuple[TargetSpec, Options]]


@pytest.fixture
def ask(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """``ask(*options)``: what an analysis with these options would be given."""
    asked: list[tuple[TargetSpec, Options]] = []

    def investigate(spec: TargetSpec, options: Options, *_: object) -> Result:
        asked.append((spec, options))
        return make_result()

    monkeypatch.setattr("gilscope.analysis.investigate", investigate)

    def made(*options: str) -> tuple[TargetSpec, Options]:
        outcome = cli.answer("analyze", *NAP, *options)
        assert (outcome.status, outcome.stderr) == (0, "")
        return asked.pop()

    return made


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ("", {"backends": (), "workers": (), "chunksize": None, "budget_s": 10.0, "context": "sync", "seed": 0}),
        ("--backends thread,asyncio", {"backends": ("thread", "asyncio")}),
        ("-w 1,3", {"workers": (1, 3)}),
        ("--workers auto", {"workers": ()}),
        ("--max-workers 3", {"max_workers": 3, "exhaustive": False}),
        ("--exhaustive", {"exhaustive": True, "budget_s": 60.0}),
        ("--exhaustive --budget 20s", {"exhaustive": True, "budget_s": 20.0}),
        ("--chunksize 5", {"chunksize": 5}),
        ("--chunksize auto", {"chunksize": None}),
        ("--start-method forkserver", {"start_method": "forkserver"}),
        ("--context async", {"context": "async"}),
        ("--cpus 1", {"cpus": 1}),
        ("-d 1.5m", {"budget_s": 90.0}),
        ("--max-calls 40", {"max_calls": 40}),
        ("--max-p99 250", {"max_p99_s": 0.25}),
        ("--max-p99 1.5s --max-memory 512MiB", {"max_p99_s": 1.5, "max_memory_bytes": 512 << 20}),
        ("--timeout 300ms", {"timeout_s": 0.3}),
        ("--seed 7", {"seed": 7}),
        ("-r 100", {"rate_hz": 100.0}),
        ("--predict-cpus 64,32 --predict-cpus 16", {"predict_cpus": (64, 32, 16), "free_threaded": False}),
        ("--free-threaded", {"free_threaded": True}),
        ("--items 1e6 --within 10m", {"items": 1e6, "within_s": 600.0}),
        ("--max-inputs 7", {"max_inputs": 7}),
        ("--observer psutil", {"observer": "psutil", "hot_lines": True}),
        ("--no-hot-lines", {"hot_lines": False}),
        ("--target-rate 500/s", {"target_rate_per_s": 500.0}),
        ("--rtt 2ms", {"rtt_s": 0.002}),
    ],
)
def test_options_reach_the_analysis(ask: Ask, arguments: str, asked: dict[str, Any]) -> None:
    _, options = ask(*arguments.split())
    assert {name: getattr(options, name) for name in asked} == asked


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ("", {"inputs": None, "args": (), "kwargs": {}, "star": False, "setup": None, "max_inputs": 1000}),
        ("--max-inputs 7", {"max_inputs": 7}),
        ("--inputs NUMBERS --star", {"inputs": "NUMBERS", "star": True}),
        ("--arg 1000 --arg 2 --kwarg times=3", {"args": ("1000", "2"), "kwargs": {"times": "3"}}),
        ("--setup ready --teardown module:done", {"setup": "ready", "teardown": "module:done"}),
    ],
)
def test_what_is_to_be_called_reaches_the_analysis(cli: Cli, ask: Ask, arguments: str, asked: dict[str, Any]) -> None:
    spec, _ = ask(*arguments.split())
    assert (spec.spec, spec.cwd) == (NAP[0], str(cli.cwd))
    assert {name: getattr(spec, name) for name in asked} == asked


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--budget soon", "--budget 'soon' is no time"),
        ("--workers 0", "--workers '0' makes no sense: it must be at least 1"),
        ("--start-method clone", "--start-method 'clone' is none of spawn, forkserver, fork"),
        ("--format mdown", "--format 'mdown' is none of text, json"),
        ("--predict-cpus 4,0", "--predict-cpus '4,0' makes no sense"),
        ("--rate 500/s", "calls that come at a rate are --target-rate 500/s"),
        ("--target-rate 500", "write it as 500/s"),
        ("--start-method frok", "did you mean 'fork'?"),
        ("--backends tread", "did you mean 'thread'?"),
        ("--setup no_such", "no 'no_such'"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_one_line(cli: Cli, arguments: str, told: str) -> None:
    outcome = cli.answer("analyze", *NAP, *arguments.split())
    assert outcome.status == 2
    assert told in outcome.line


def test_what_the_command_line_does_not_know_is_a_usage_error(cli: Cli) -> None:
    for outcome in cli.answers(("analyze",), ("analyze", "x:y", "--no-such"), ("report",)):
        assert outcome.status == 2
        assert outcome.stdout == ""
        assert outcome.line


@pytest.mark.parametrize(
    ("arguments", "now"),
    [
        (("analyze", *NAP, "--sampling", "100"), "--rate"),
        (("analyze", *NAP, "--predict-gil=off"), "--free-threaded"),
        (("attach", "1", "--sampling", "50"), "--rate"),
        (("run", "--sampling", "50", "work.py"), "--rate"),
        (("top", "--sampling=50", "--", "work.py"), "--rate"),
        (("compare", "a.json", "b.json", "--anyway"), "--force"),
    ],
)
def test_a_former_name_of_an_option_is_answered_with_that_of_today(
    cli: Cli, arguments: tuple[str, ...], now: str
) -> None:
    outcome = cli.answer(*arguments)
    assert outcome.status == 2
    assert now in outcome.line


def test_a_program_has_its_own_options_though_gilscope_had_one_of_that_name(cli: Cli) -> None:
    (cli.cwd / "work.py").write_text("import sys; print(sys.argv[1:])")
    assert cli.run("run", "-q", "-o", "seen.json", "work.py", "--sampling", "3").stdout == "['--sampling', '3']\n"


def test_help_and_version_are_answers(cli: Cli) -> None:
    for outcome in cli.answers(("--help",), ("analyze", "--help"), ("report", "-h"), ("doctor", "-h"), ("--version",)):
        assert outcome.status == 0
        assert "gilscope" in outcome.stdout
        assert outcome.stderr == ""
