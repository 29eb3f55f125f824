"""``gilscope compare`` and ``gilscope check`` on saved results, and the workflows of the documentation."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
import typer.main

from gilscope.cli.app import app
from gilscope.decide.conditions import parsed
from gilscope.result import Result
from tests.cli.conftest import TIMEOUT_S, Cli
from tests.unit.handmade import make_environment
from tests.unit.programs.handmade import make_program
from tests.unit.regress_builders import measured

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")
OLD = measured()
SLOWER = measured([5.0, 5.1, 5.2], [9.0, 9.1, 9.2])


def named(spec: str, result: Result) -> Result:
    return msgspec.structs.replace(result, target=msgspec.structs.replace(result.target, spec=spec))


def saved(cli: Cli, **results: Result | list[Result]) -> None:
    """Each in a file of its name."""
    for name, result in results.items():
        (cli.cwd / f"{name}.json").write_bytes(msgspec.json.encode(result))


def test_every_format_draws_a_comparison(cli: Cli) -> None:
    saved(cli, old=OLD, new=SLOWER)
    names = ("text", "json", "csv", "html", "md")
    outcomes = cli.answers(*(("compare", "old.json", "new.json", "-f", name) for name in names))
    assert {(outcome.status, outcome.stderr) for outcome in outcomes} == {(0, "")}
    text, told, table, page, markdown = (outcome.stdout for outcome in outcomes)
    assert {change["shown"] for change in json.loads(told)["changes"]} == {"slower", "not shown"}
    assert table.startswith("function,configuration,figure,unit,old,new,change_is,change,change_low,change_high,shown")
    for drawn in (text, page, markdown):
        assert "is_prime: slower, 0.47× (0.44–0.51) the throughput of the old" in drawn
    assert "recorded profiles" not in page


def test_two_programs_are_compared_and_one_with_an_analysis_is_not(cli: Cli) -> None:
    make_program().to_json(cli.cwd / "before.json")
    make_program(0.4).to_json(cli.cwd / "after.json")
    saved(cli, analysis=OLD)
    compared, mixed = cli.answers(
        ("compare", "before.json", "after.json", "-o", "page.html"), ("compare", "before.json", "analysis.json")
    )
    assert (compared.status, compared.stderr) == (0, "wrote page.html\n")
    assert compared.stdout.startswith("Less waiting for the GIL: 0.40 → 0.16 threads")
    assert "Less waiting for the GIL" in (cli.cwd / "page.html").read_text(encoding="utf-8")
    assert (mixed.status, mixed.stdout) == (2, "")
    assert "'before.json' is a program that was watched" in mixed.stderr


def test_reports_are_written_where_they_are_asked_for(cli: Cli) -> None:
    saved(cli, old=OLD, new=SLOWER)
    compared, checked = cli.answers(
        ("compare", "old.json", "new.json", "-o", "reports/"),
        ("check", "new.json", "--baseline", "old.json", "-o", "gate.md", "-q"),
    )
    assert (compared.status, checked.status, checked.stderr) == (0, 1, "")
    assert (cli.cwd / "gate.md").read_text().startswith("## Failed: 1 failed")
    written = {f"reports/gilscope-comparison{suffix}" for suffix in (".html", ".csv", ".json", ".md")}
    assert {line.removeprefix("wrote ") for line in compared.stderr.splitlines()} == written
    assert all((cli.cwd / path).stat().st_size for path in written)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"environment": make_environment(python="3.13.0", cpus_usable=4.0)}, "(python 3.12.1 → 3.13.0; cpus_usable 2"),
        ({"target": msgspec.structs.replace(OLD.target, inputs="app:OTHERS")}, "(target inputs app.primes:PRIMES → "),
    ],
)
def test_what_is_not_comparable_is_refused_unless_anyway(cli: Cli, changes: dict[str, Any], told: str) -> None:
    saved(cli, old=OLD, new=msgspec.structs.replace(SLOWER, **changes))
    compare, check = ("compare", "old.json", "new.json"), ("check", "new.json", "--baseline", "old.json")
    refused = cli.answers(compare, check)
    assert {outcome.status for outcome in refused} == {2}
    assert all(told in outcome.line and "--force" in outcome.line for outcome in refused)
    compared, checked = cli.answers((*compare, "--force"), (*check, "--force"))
    assert (compared.status, checked.status) == (0, 1)
    for outcome in (compared, checked):
        assert "Not comparable, and compared all the same: " in " ".join(outcome.stdout.split())


def test_functions_are_matched_and_those_left_over_are_listed(cli: Cli) -> None:
    same, gone, come = (named(f"app:{name}", OLD) for name in ("same", "gone", "come"))
    saved(cli, old=[gone, same], new=[same, come], more=[gone, same, come], others=[come, come])
    compared, left, passed, apart = cli.answers(
        ("compare", "old.json", "new.json", "--json"),
        ("check", "new.json", "--baseline", "old.json"),
        ("check", "more.json", "--baseline", "old.json", "--fail-on", "label"),
        ("compare", "old.json", "others.json", "--force"),
    )
    found = json.loads(compared.stdout)
    assert (found["only_old"], found["only_new"]) == (["app:gone"], ["app:come"])
    assert {change["function"] for change in found["changes"]} == {"app:same"}
    assert (left.status, "1 missing" in left.stdout) == (1, True)
    assert (passed.status, "Only in the new file: app:come." in passed.stdout) == (0, True)
    assert apart.status == 2
    assert "have no function in common: the one tells of app:gone, app:same, the other of app:come" in apart.line


def test_the_gate_passes_and_fails_with_the_table(cli: Cli) -> None:
    saved(cli, old=OLD, same=OLD, new=SLOWER, once=measured(process=[9.0]))
    told = {
        ("same.json", "throughput<0.9,label,backend,errors,memory>1.2"): (0, "Passed: 5 passed"),
        ("new.json", "throughput<0.9,label"): (1, "Failed: 1 failed, 1 passed"),
        ("new.json", "latency_p99>1.5"): (1, "Failed: 1 failed"),
        ("new.json", "label"): (0, "Passed: 1 passed"),
        ("once.json", "throughput<0.9"): (0, "Passed: 1 not significant"),
    }
    commands = [("check", new, "--baseline", "old.json", "--fail-on", conditions) for new, conditions in told]
    for outcome, (status, title) in zip(cli.answers(*commands), told.values(), strict=True):
        assert (outcome.status, outcome.stderr, outcome.stdout.splitlines()[0]) == (status, "", title)


def test_a_baseline_that_cannot_be_read_does_not_pass(cli: Cli) -> None:
    saved(cli, new=OLD)
    whole = (cli.cwd / "new.json").read_bytes()
    (cli.cwd / "torn.json").write_bytes(whole[: len(whole) // 2])
    (cli.cwd / "other.json").write_text('{"coverage": 93}')
    (cli.cwd / "none.json").write_text("[]")
    told = {
        ("missing.json", "label"): "cannot load 'missing.json': No such file or directory",
        ("torn.json", "label"): "cannot load 'torn.json': it is truncated",
        ("other.json", "label"): "cannot load 'other.json': it is JSON, but not a gilscope result",
        ("none.json", "label"): "cannot load 'none.json': it is an empty list of results",
        (".", "label"): "cannot load '.': Is a directory",
        ("new.json", "troughput<1"): "did you mean throughput?",
        ("new.json", ""): "--fail-on names no condition",
    }
    commands = [("check", "new.json", "--baseline", base, "--fail-on", conditions) for base, conditions in told]
    for outcome, part in zip(cli.answers(*commands), told.values(), strict=True):
        assert outcome.status == 2
        assert part in outcome.line


# ---- the page of the documentation ----


def commands_of(text: str) -> Iterator[list[str]]:
    """Every command of gilscope in shell text, without what follows it."""
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        while "gilscope" in words:
            words = words[words.index("gilscope") + 1 :]
            end = next((at for at, word in enumerate(words) if set(word) <= set("();<>|&")), len(words))
            yield words[:end]


def workflows() -> list[dict[str, Any]]:
    yaml = pytest.importorskip("yaml")
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)]


def scripts() -> list[str]:
    """What the steps of the workflows run, and what the page tells to type."""
    steps = [step for workflow in workflows() for job in workflow["jobs"].values() for step in job["steps"]]
    typed = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)
    return [*(step["run"] for step in steps if "run" in step), *typed]


def test_the_workflows_are_such_and_every_command_in_them_is_one() -> None:
    for workflow in workflows():
        assert set(workflow) == {"name", True, "jobs"}, "YAML 1.1 reads the key on as true; GitHub does not"
        assert all("runs-on" in job for job in workflow["jobs"].values())
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group) or hasattr(group, "commands")
    found = [command for script in scripts() for command in commands_of(script) if command and command[0] != "."]
    assert {command[0] for command in found} == {"analyze", "check", "compare"}
    for name, *arguments in found:
        context = group.commands[name].make_context(name, arguments)
        assert parsed(context.params.get("fail_on", "label"))


def test_every_condition_of_the_page_is_one() -> None:
    written = re.findall(r"`((?:\w+[<>+][0-9.]+)(?:,[\w<>+.]+)*)`", PAGE)
    assert len(written) > 10
    assert all(parsed(text) for text in written)


def test_the_steps_of_the_workflow_run(cli: Cli) -> None:
    """The gate and what follows it, as the runner's shell runs them: the job fails, and its summary tells why."""
    steps = workflows()[0]["jobs"]["gate"]["steps"]
    (check, compare) = (step["run"] for step in steps if "STEP_SUMMARY" in step.get("run", ""))
    saved(cli, new=SLOWER)
    (cli.cwd / "benchmarks").mkdir()
    saved(cli, **{"benchmarks/baseline": OLD})
    summary = cli.cwd / "summary.md"
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    environment = {**cli.environment, "GITHUB_STEP_SUMMARY": str(summary), "PATH": path}
    statuses = [
        subprocess.run(
            ["bash", "-e", "-c", step], cwd=cli.cwd, env=environment, timeout=TIMEOUT_S, check=False
        ).returncode
        for step in (check, compare)
    ]
    assert statuses == [1, 0]
    told = summary.read_text()
    assert "| throughput&lt;0.8 | 19.2/s | 9.10/s | 0.47× (0.44–0.51) | failed |" in told
    assert "## is\\_prime" in told or "## is_prime: slower" in told
