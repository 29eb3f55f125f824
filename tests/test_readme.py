"""The README is true: what it tells people to type works, in the order it tells it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SCRIPTS = sysconfig.get_path("scripts")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


COMMANDS = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
#: Those that hand something on, in their order, and the others.
CHAIN = [command for command in COMMANDS if "report.json" in command]
ALONE = [command for command in COMMANDS if command not in CHAIN]
#: It is enough that they run: the budget that they have by default is for a clear answer.
BUDGET = ("--budget", "6s")


@pytest.mark.parametrize("commands", [CHAIN, *([command] for command in ALONE)], ids=lambda commands: commands[0])
def test_the_commands_run(commands: list[str], tmp_path: Path) -> None:
    for command in commands:
        program, name, *arguments = shlex.split(command)
        assert program == "gilscope"
        budget = BUDGET if name == "analyze" else ()
        done = subprocess.run(
            [f"{SCRIPTS}/gilscope", name, *arguments, *budget],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout, command
    written = {"report.html", "report.json", "report.perfetto.json"} if commands is CHAIN else set()
    assert {path.name for path in tmp_path.iterdir()} == written


def test_the_program_runs(tmp_path: Path) -> None:
    (program,) = blocks("python")
    assert "budget_s=5" in program
    script = tmp_path / "program.py"
    script.write_text(program.replace("budget_s=5", "budget_s=3"))
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "compute-bound →" in done.stdout
    assert (tmp_path / "is_prime.html").stat().st_size > 1000


def test_the_make_targets_exist() -> None:
    targets = set(re.findall(r"^make (\w+)", README, re.MULTILINE))
    assert {"demo", "test"} <= targets
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in makefile for target in targets)


def test_links_lead_somewhere() -> None:
    places = [place for place in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in place]
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []
