"""Where results go, and what is said beside them."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.cli.conftest import Cli, Measured, finish, place

COLOUR = re.compile(r"\x1b\[(\d+;)*(3|4|9)\d[;m]")


@pytest.fixture
def well(measured: Callable[[str], Measured]) -> Measured:
    return measured("well")


def test_every_format_is_drawn_of_a_saved_result(cli: Cli, well: Measured) -> None:
    path = well.folder / "saved.json"
    names = ("text", "json", "csv", "html", "md")
    outcomes = cli.answers(*(("report", str(path), "-f", name) for name in names), ("report", str(path), "--json"))
    assert {outcome.status for outcome in outcomes} == {0}
    assert {outcome.stderr for outcome in outcomes} == {""}
    text, saved, table, page, markdown, short = (outcome.stdout for outcome in outcomes)
    more, line, program = cli.answers(
        ("report", str(path), "-v"), ("report", str(path), "-o", "again.md"), ("report", str(path), "--code")
    )
    assert more.stdout == well.outcome.stdout, "drawn of the record and of nothing else"
    assert len(text.splitlines()) <= 20 < len(more.stdout.splitlines())
    first, *others = line.stdout.splitlines()
    assert first.startswith("nap is io-bound")
    assert len(others) == len(json.loads(saved)) - 1
    assert (program.status, program.stdout) == (2, "")
    assert "name one target" in program.stderr
    assert saved == short == path.read_text()
    assert {row["backend"] for row in csv.DictReader(io.StringIO(table))} == {"serial", "thread", "asyncio", "process"}
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    assert markdown.startswith("| target |")


def test_several_files_are_drawn_together(cli: Cli, well: Measured) -> None:
    for name, analysis in well.analyses.items():
        (cli.cwd / f"{name}.json").write_text(json.dumps(analysis.result))
    alone, together, markdown = cli.answers(
        ("report", "nap.json"), ("report", "nap.json", "nap.json"), ("report", "nap.json", "-f", "md")
    )
    assert markdown.stdout.startswith("#")
    assert together.stdout.startswith("2 functions, each as it is best run")
    assert together.stdout.count("  nap ") == 2
    (cli.cwd / "pasted.py").write_text(cli.answer("report", "nap.json", "--code").stdout)
    subprocess.run([sys.executable, "pasted.py"], cwd=cli.cwd, check=True)
    assert alone.stdout.startswith("nap is io-bound")


def test_a_folder_gets_every_format_and_is_made(well: Measured) -> None:
    files = {path.suffix: path for path in (well.folder / "deep" / "reports").iterdir()}
    assert set(files) == {".html", ".csv", ".json", ".md"}
    assert files[".json"].read_text() == (well.folder / "saved.json").read_text()
    written = [*files.values(), well.folder / "also.md", well.folder / "saved.json"]
    told = {line for line in well.outcome.stderr.splitlines() if line.startswith("wrote ")}
    assert {f"wrote {path.relative_to(well.folder)}" for path in written} == told


def test_files_do_not_take_the_place_of_standard_output(cli: Cli, well: Measured) -> None:
    outcome = cli.answer("report", str(well.folder / "saved.json"), "-o", "copy.json", "--json")
    assert outcome.status == 0
    assert outcome.stdout == (cli.cwd / "copy.json").read_text()


def test_a_dash_is_standard_output_and_quiet_is_quiet(cli: Cli) -> None:
    bounds = ("--backends", "thread", "--workers", "2", "--max-calls", "40")
    outcome = cli.run("analyze", *place("well", "nap"), *bounds, "-o", "-", "-o", "saved.json", "-f", "csv", "-q", "-v")
    assert outcome.stderr == ""
    assert len(list(csv.DictReader(io.StringIO(outcome.stdout)))) > 1
    assert [path.name for path in cli.cwd.iterdir()] == ["saved.json"]


def test_a_place_that_cannot_be_written_is_told_before_any_measuring(cli: Cli) -> None:
    (cli.cwd / "file").touch()
    told = {
        "file/saved.json": "Not a directory",
        "/proc/saved.json": "cannot write '/proc/saved.json'",
        "saved.pdf": "known are",
        "saved.jsn": "did you mean .json?",
    }
    outcomes = cli.answers(*(("analyze", *place("stuck", "sleeps"), "-v", "-o", path) for path in told))
    for outcome, part in zip(outcomes, told.values(), strict=True):
        assert outcome.status == 2
        assert part in outcome.line


def test_an_existing_file_is_replaced_whole(cli: Cli, well: Measured) -> None:
    old = cli.cwd / "saved.json"
    old.write_text("old")
    with old.open() as reader:
        assert cli.answer("report", str(well.folder / "saved.json"), "-o", "saved.json").status == 0
        assert reader.read() == "old", "who had it open keeps the old one: it was replaced, not rewritten"
    assert old.read_text() == (well.folder / "saved.json").read_text()
    assert [path.name for path in cli.cwd.iterdir()] == ["saved.json"]


def test_a_file_that_is_no_result_is_told_in_one_line(cli: Cli) -> None:
    told = {
        '{"schema": "gilscope.result/1", "crea': "truncated",
        "": "empty",
        "import os; os.abort()": "not JSON",
        '{"schema": "gilscope.result/9"}': "'gilscope.result/9'",
        '{"name": "other"}': "not a gilscope result",
        '{"schema": "gilscope.result/1", "created": 3}': "wrong type",
    }
    paths = [cli.cwd / f"{number}.json" for number in range(len(told))]
    for path, content in zip(paths, told, strict=True):
        path.write_text(content)
    outcomes = cli.answers(*(("report", path.name) for path in paths), ("report", "missing.json"))
    for outcome, part in zip(outcomes, [*told.values(), "No such file"], strict=True):
        assert outcome.status == 2
        assert outcome.line.startswith("gilscope: cannot load '")
        assert part in outcome.line


def test_verbose_says_each_step_on_standard_error(well: Measured) -> None:
    steps = well.outcome.stderr
    assert steps.index("calling it alone") < steps.index("opening thread") < steps.index("timing 4 configurations")


@pytest.mark.parametrize(
    ("arguments", "environment", "coloured", "bar"),
    [
        ((), {}, True, True),
        (("--no-progress",), {"NO_COLOR": "1"}, False, False),
        (("-q", "--json"), {}, False, False),
    ],
)
def test_colour_and_progress_are_for_terminals(
    cli: Cli, arguments: tuple[str, ...], environment: dict[str, str], coloured: bool, bar: bool
) -> None:
    terminals = {"stdout": pty.openpty(), "stderr": pty.openpty()}
    slaves = {name: slave for name, (_, slave) in terminals.items()}
    bounds = ("--backends", "thread", "--workers", "2", "--max-calls", "40")
    command = ("analyze", *place("well", "nap"), *bounds, *arguments)
    process = cli.start(*command, env={**environment, "TERM": "xterm-256color"}, **slaves)
    for slave in slaves.values():
        os.close(slave)
    shown, told = (_read(master) for master, _ in terminals.values())
    finish(process)
    assert (COLOUR.search(shown) is not None) == coloured
    assert ("well.py:nap" in told) == bar
    assert "━" not in shown
    if "--json" in arguments:
        assert json.loads(shown)["schema"] == "gilscope.result/2"


def test_colours_are_as_the_user_says_wherever_they_go(cli: Cli, well: Measured) -> None:
    path = str(well.folder / "saved.json")
    always, never, auto, odd = cli.answers(
        *(("--color", word, "report", path, "-v") for word in ("always", "never", "auto", "sometimes"))
    )
    assert COLOUR.search(always.stdout)
    assert never.stdout == auto.stdout
    assert "\x1b" not in never.stdout
    assert (odd.status, odd.stdout) == (2, "")
    assert "auto, always, never" in odd.line


def test_colours_may_be_said_behind_the_command_which_goes_before_what_stands_in_front_of_it(
    cli: Cli, well: Measured
) -> None:
    report = ("report", str(well.folder / "saved.json"), "-v")
    said = {"GILSCOPE_COLOR": "always"}
    coloured = [
        bool(COLOUR.search(cli.answer(*command, env=env).stdout))
        for command, env in (
            ((*report, "--color", "always"), {}),
            (("--color", "never", *report, "--color=always"), {}),
            (("--color", "always", *report, "--color", "never"), {}),
            (("--color", "always", *report), {}),
            (report, said),
            (("--color", "never", *report), said),
            (report, {}),
        )
    ]
    assert coloured == [True, True, False, True, True, False, False]


def _read(master: int) -> str:
    """All that is said on a terminal."""
    blocks = []
    while True:
        try:
            blocks.append(os.read(master, 1 << 16))
        except OSError:  # nobody has the other end any more
            os.close(master)
            return b"".join(blocks).decode()
