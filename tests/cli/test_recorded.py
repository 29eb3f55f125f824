"""Recorded profiles: reports on them, and which functions they call worth an analysis."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import TARGETS, TIMEOUT_S, Cli, Measured, place

CALLS = {"spin": 80, "nap": 80, "dozing": 80, "tiny": 4000}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes of a small program wrote, and half of what a third did."""
    folder = tmp_path_factory.mktemp("recorded")
    program = f"import sys; sys.path.insert(0, {str(TARGETS)!r}); import decorated; decorated.main()"
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", program], env={"GILSCOPE_OUT": str(folder)}, check=True, timeout=TIMEOUT_S
        )
    whole = next(folder.iterdir()).read_bytes()
    (folder / "gilscope-torn.profiles.json").write_bytes(whole[: len(whole) // 2])
    return folder


def last_names(functions: list[dict[str, Any]]) -> list[str]:
    return [function["name"].rpartition(":")[2] for function in functions]


def test_every_format_draws_the_merged_profiles_and_names_the_torn_file(cli: Cli, recorded: Path) -> None:
    names = ("text", "json", "csv", "html", "md")
    outcomes = cli.answers(*(("report", f"{recorded}/", "-f", name) for name in names))
    for outcome in outcomes:
        assert outcome.status == 0
        (told,) = outcome.stderr.splitlines()
        assert told.startswith(f"gilscope: skipped {recorded}/gilscope-torn.profiles.json: it is half-written")
    text, saved, table, page, markdown = (outcome.stdout for outcome in outcomes)
    functions = json.loads(saved)["functions"]
    assert dict(zip(last_names(functions), (function["calls"] for function in functions), strict=True)) == CALLS
    assert {function["processes"] for function in functions} == {2}
    labels = dict(zip(last_names(functions), (function["label"] for function in functions), strict=True))
    assert (labels["nap"], labels["dozing"], labels["tiny"]) == ("io-bound", "io-bound", "overhead-bound")
    assert [row["name"] for row in csv.DictReader(io.StringIO(table))] == [each["name"] for each in functions]
    for drawn in (text, page, markdown):
        assert "4 functions, recorded by 2 processes" in drawn
        assert all(name in drawn for name in CALLS)
        assert "It kept its event loop busy for" in " ".join(drawn.split())
    assert page.startswith("<!DOCTYPE html>")


def test_files_are_drawn_as_their_folder_is_and_reports_are_written(cli: Cli, recorded: Path) -> None:
    files = sorted(recorded.glob("*.json"))
    folder = cli.answer("report", str(recorded), "--json")
    outcome = cli.answer("report", *map(str, files), "--json", "-o", "reports/")
    assert (outcome.status, json.loads(outcome.stdout)["functions"]) == (0, json.loads(folder.stdout)["functions"])
    written = {f"reports/gilscope-profiles{suffix}" for suffix in (".html", ".csv", ".json", ".md")}
    assert {line for line in outcome.stderr.splitlines() if "skipped" not in line} == {f"wrote {it}" for it in written}
    assert {str(path.relative_to(cli.cwd)) for path in (cli.cwd / "reports").iterdir()} == written


def test_two_recordings_are_compared_function_by_function(cli: Cli, recorded: Path) -> None:
    outcome, programs = cli.answers(
        ("compare", str(recorded), f"{recorded}/"), ("compare", str(recorded), str(recorded), "--json")
    )
    assert (outcome.status, programs.status) == (0, 0)
    assert "4 functions in both recordings: no significant change" in outcome.stdout
    assert outcome.stderr.count("skipped") == 2, "the torn file of either"
    assert {change["change"] for change in json.loads(programs.stdout)["changes"] if change["figure"] == "wall"} == {1}
    (cli.cwd / "other.json").write_text('{"schema": "gilscope.result/9"}')
    assert cli.answer("compare", str(recorded), "other.json").status == 2


def test_what_cannot_be_drawn_is_a_usage_error(cli: Cli, recorded: Path) -> None:
    (cli.cwd / "empty").mkdir()
    (cli.cwd / "other.json").write_text('{"schema": "gilscope.result/9"}')
    told = {
        ("report", "empty"): "neither recorded profiles (gilscope-*.profiles.json) nor saved results",
        ("report", f"{recorded}/gilscope-torn.profiles.json"): "no file could be read",
        ("report", str(recorded), "other.json"): "report on one sort",
        ("rank", "empty"): "neither recorded profiles",
        ("rank", "other.json"): "its schema is 'gilscope.result/9'",
        ("analyze", "--from", str(recorded)): "gilscope rank FOLDER",
        ("rank", str(recorded), "-f", "pdf"): "--format 'pdf' is none of",
        ("rank", str(recorded), "--cpus", "0"): "--cpus 0: at least one is needed",
    }
    for outcome, part in zip(cli.answers(*told), told.values(), strict=True):
        assert outcome.status == 2
        assert part in outcome.line


def test_the_most_promising_come_first_and_nothing_is_run(cli: Cli, recorded: Path) -> None:
    drawn, outcome, alone = cli.answers(
        ("rank", str(recorded)),
        ("rank", str(recorded), "--json", "--cpus", "2"),
        ("rank", str(recorded), "--json", "--cpus", "1"),
    )
    assert {each.status for each in (drawn, outcome, alone)} == {0}
    assert all("skipped" in each.stderr for each in (drawn, outcome, alone))
    told = " ".join(drawn.stdout.split())
    assert "Run: gilscope analyze decorated:nap dozing: " in told, "whose decorator has inputs"
    assert (
        "INPUTS names an iterable of them, one call each. Run: gilscope analyze decorated:doze --inputs INPUTS" in told
    )
    functions = json.loads(outcome.stdout)["functions"]
    first, last = functions[0], functions[-1]
    assert (first["target"], first["deserving"]) == ("decorated:nap", True)
    assert first["saving_s"] > 80 * 0.02 * 0.9, "what it sleeps"
    assert (last["spec"], last["deserving"]) == ("decorated:tiny", False)
    spinning = next(each for each in json.loads(alone.stdout)["functions"] if each["spec"] == "decorated:spin")
    assert spinning["computing_s"] == 0


def test_all_that_a_module_has_decorated_is_analyzed_each_with_its_inputs(cli: Cli) -> None:
    """And a module that fails is told and does not stop the others."""
    module = f"{TARGETS}/decorated.py"
    outcome = cli.analyze(f"{TARGETS}/raises_on_import.py", f"{TARGETS}/dies_on_import.py", module)
    assert outcome.status == 3
    assert 'raise KeyError("CONFIG_PATH")' in outcome.stderr
    assert "ended with exit status 3" in outcome.stderr
    assert [line.partition(": it has no inputs")[0] for line in outcome.stderr.splitlines() if "skipped" in line] == [
        f"gilscope: skipped {module}:doze",
        f"gilscope: skipped {module}:tiny",
    ]
    found = {name: analysis.result["target"] for name, analysis in outcome.analyses.items()}
    assert list(found) == ["spin", "nap"]
    assert [target["input_count"] for target in found.values()] == [5, 5]
    assert {trial["errors"] for analysis in outcome.analyses.values() for trial in analysis.trials} == {0}


def test_a_function_that_is_named_takes_the_inputs_of_its_decorator(cli: Cli) -> None:
    outcome = cli.analyze(*place("decorated", "nap"))
    assert outcome.status == 0
    assert outcome.analysis.result["target"]["inputs"] == f"{TARGETS}/decorated.py:nap.__gilscope__.inputs"
    assert "inputs = nap.__gilscope__.inputs()" in outcome.analysis.result["recommendation"]["code"]
    assert 'more=nap.__gilscope__.kwargs["more"]' in outcome.analysis.result["recommendation"]["code"]


def test_a_module_that_has_nothing_to_analyze_says_what_to_do(cli: Cli) -> None:
    told = {
        (f"{TARGETS}/well.py",): "decorate it with @classify(inputs=...)",
        ("gilscope.examples",): "its modules are gilscope.examples.",
        (f"{TARGETS}/decorated.py", "--inputs", "NUMBERS"): "each function has its own inputs",
        ("no_such_module",): "names no function (module:function), nor a module",
    }
    outcomes = cli.answers(*(("analyze", *arguments) for arguments in told))
    for outcome, part in zip(outcomes, told.values(), strict=True):
        assert outcome.status == 2
        assert part in outcome.line


def test_a_folder_of_results_is_drawn(cli: Cli, measured: Callable[[str], Measured]) -> None:
    kept, well = cli.cwd / "kept", measured("well")
    kept.mkdir()
    shutil.copy(well.folder / "saved.json", kept / "a.json")
    (kept / "b.json").write_text("{")
    outcome = cli.answer("report", "-v", "kept/")
    assert (outcome.status, outcome.stdout) == (0, well.outcome.stdout)
    assert outcome.stderr.startswith("gilscope: skipped kept/b.json: it is truncated")
