"""One function under several Pythons: two environments of the interpreter that runs the tests are two Pythons."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from benchmarks.environments import make_environment

from gilscope.analysis.probing import probed
from gilscope.options import Options
from gilscope.targets import TargetSpec
from tests.cli.conftest import TARGETS, Cli, Outcome, interrupt, place

pytestmark = pytest.mark.interpreter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With environments ``a`` and ``b``, which have what the tests have, and ``bare``, which has nothing."""
    base = tmp_path_factory.mktemp("environments")
    for name in ("a", "b", "bare"):
        make_environment(base / name, bare=name == "bare")
    return base


def python(folder: Path, name: str) -> tuple[str, str]:
    return "--python", str(folder / name / "bin" / "python")


def told(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(outcome.stdout)
    return found


SMALL = ("--backends", "thread", "--workers", "2", "--budget", "8s", "--max-calls", "160", "--json")


def test_two_are_measured_and_the_third_is_told_what_it_lacks(cli: Cli, folder: Path) -> None:
    outcome = cli.run(
        *("analyze", *place("environments", "total"), "--inputs", "NUMBERS", *SMALL, "-o", "all.html"),
        *(*python(folder, "a"), *python(folder, "bare"), *python(folder, "b")),
    )
    found = told(outcome)
    first, bare, second = found["pythons"]
    assert outcome.status == 4, "not all could be measured"
    assert found["schema"] == "gilscope.pythons/1"
    assert [one["status"] for one in found["pythons"]] == ["ok", "refused", "ok"]
    assert bare["install"] in bare["reason"]
    assert str(folder / "bare" / "bin" / "python") in bare["install"]
    assert (found["first"], found["inputs_same"], found["interrupted"]) == (0, True, False)
    assert second["results_compared"] > 0
    assert second["results_differing"] == 0
    assert min(len(one["alone_rates_per_s"]) for one in (first, second)) >= 1
    assert min(first["alone_rates_per_s"] + second["alone_rates_per_s"]) > 0
    assert second["alone"]["value"] > 0
    assert [one["name"] for one in (first, second)] == [f"{version()} in a", f"{version()} in b"]
    assert {trial["backend"] for one in (first, second) for trial in one["result"]["trials"]} == {"serial", "thread"}
    assert all(one["result"]["settings"]["budget_s"] == pytest.approx(2.8) for one in (first, second))
    assert (cli.cwd / "all.html").read_text().count("<article") == 3


def version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}{'t' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''}"


def test_other_results_are_no_comparison(cli: Cli, folder: Path) -> None:
    outcome = cli.run(
        *("analyze", *place("environments", "where"), "--inputs", "NUMBERS", *SMALL),
        *(*python(folder, "a"), *python(folder, "b")),
    )
    first, second = told(outcome)["pythons"]
    assert outcome.status == 4
    assert (first["status"], second["status"]) == ("ok", "differing")
    assert second["results_differing"] == second["results_compared"] > 0
    assert (second["alone"], second["gain"]) == (None, None)


def test_other_inputs_are_found_out_before_anything_is_measured(folder: Path) -> None:
    target = TargetSpec(spec=place("environments", "length")[0], inputs="prefixes")
    pythons = tuple(python(folder, name)[1] for name in ("a", "b"))
    first, second = probed(target, Options(pythons=pythons))
    assert (first.fit, second.fit) == (True, False)
    assert second.differs.startswith(f"its inputs are others than those of {version()} in a, by their digest")


def test_what_was_finished_is_reported(cli: Cli, folder: Path) -> None:
    process = cli.start(
        *("analyze", *place("environments", "total"), "--inputs", "NUMBERS", *SMALL, "-v"),
        *(*python(folder, "a"), *python(folder, "b")),
    )
    until(process, " in b: importing")
    outcome = interrupt(process)
    found = told(outcome)
    assert outcome.status == 130
    assert found["interrupted"]
    first, second = found["pythons"]
    assert (first["status"], second["status"]) == ("ok", "interrupted")
    assert first["result"]["trials"]
    assert first["gain"] is not None, "by its own analysis"
    assert "Traceback" not in outcome.stderr


def until(process: subprocess.Popen[str], step: str) -> None:
    assert process.stderr is not None
    assert any(step in line for line in process.stderr), f"it ended before {step!r}"


def test_what_makes_no_sense_with_several_pythons_is_refused_by_name(cli: Cli, folder: Path) -> None:
    several = python(folder, "a")
    functions, module = cli.answers(
        ("analyze", *place("environments", "total", "where"), *several),
        ("analyze", str(TARGETS / "environments.py"), *several),
    )
    assert [outcome.status for outcome in (functions, module)] == [2, 2]
    assert "--python measures one function under each Python" in functions.line
    assert "--python measures one function under each Python" in module.line


def test_what_is_the_matter_with_the_target_is_told_once(cli: Cli, folder: Path) -> None:
    outcome = cli.run("analyze", *place("environments", "no_such"), *python(folder, "a"), *python(folder, "b"))
    assert outcome.status == 2
    assert outcome.line.startswith("gilscope: ")
    assert outcome.line.count("no 'no_such' in module") == 1
