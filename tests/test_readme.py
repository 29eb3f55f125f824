"""The README, the quick start and the tasks are true: what they tell people to type works, in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/quickstart.md", "docs/tasks.md")
README = (ROOT / "README.md").read_text()
#: It is enough that they run: the budget that they have by default is for a clear answer.
BUDGET = "gilscope analyze --budget 6s"
#: As the service of the examples runs.
SECONDS = re.compile(r"(gilscope\.examples\.contended) 10")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all is typed: pages that say the same command share what it wrote."""
    return tmp_path_factory.mktemp("typed")


@pytest.fixture(scope="module")
def typed() -> set[str]:
    """The commands that were run already."""
    return set()


def parts(page: str) -> Iterator[tuple[str, str, str | None]]:
    """What is to be run, in order: the language, the text, and the name that a program is to be saved under."""
    found = re.finditer(
        r"^```(console|python)\n(.*?)^```\n(?:\nSaved as `(\S+)`)?", (ROOT / page).read_text(), re.M | re.S
    )
    return ((part[1], part[2], part[3]) for part in found)


def script(block: str, typed: set[str], following: str) -> str:
    """What a shell makes of it, without what was typed already, and without what is typed with more options later."""
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    left = [each for each in commands if "$!" in each or each.endswith("&") or bare(each) not in typed]
    left = [each for each in left if f"$ {bare(each)} -" not in following]
    typed.update(map(bare, left))
    ended = "trap 'jobs -p | xargs --no-run-if-empty kill 2>/dev/null; wait' EXIT"
    short = (re.sub(r"--budget \S+ ?", "", each).replace("gilscope analyze", BUDGET) for each in left)
    return "\n".join([ended, *(SECONDS.sub(r"\1 2", each) for each in short)])


def bare(command: str) -> str:
    """Without the remark behind it."""
    return re.sub(r"\s+#.*", "", command)


def run(command: list[str], folder: Path) -> None:
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (command[-1], done.stdout[-2000:], done.stderr[-2000:])


@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", PAGES)
def test_what_it_tells_people_to_type_works(page: str, folder: Path, typed: set[str]) -> None:
    whole = (ROOT / page).read_text()
    for language, text, name in parts(page):
        if language == "console":
            run(["bash", "-e", "-o", "pipefail", "-c", script(text, typed, whole)], folder)
            continue
        (folder / (name or "program.py")).write_text(text.replace("budget_s=5", "budget_s=3"))
        if name is None:
            run([sys.executable, "program.py"], folder)


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 120


def test_the_make_targets_exist() -> None:
    targets = set(re.findall(r"`make (\w+)`", README))
    assert {"demo", "test"} <= targets
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in makefile for target in targets)


def test_links_lead_somewhere() -> None:
    places = [place for place in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in place]
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []
