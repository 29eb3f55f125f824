"""The README, the quick start and the tasks are true: what they tell people to type works, in their order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.typed import ROOT, bare, blocks, commands, page, run_in_shell, run_program

PAGES = ("README.md", "docs/quickstart.md", "docs/tasks.md")
README = page("README.md")
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


def left_of(block: str, typed: set[str], following: str) -> list[str]:
    """What a shell is given of it: not what was typed already, nor what is typed with more options later."""
    left = [each for each in commands(block) if "$!" in each or each.endswith("&") or bare(each) not in typed]
    left = [each for each in left if f"$ {bare(each)} -" not in following]
    typed.update(map(bare, left))
    short = (re.sub(r"--budget \S+ ?", "", each).replace("gilscope analyze", BUDGET) for each in left)
    return [SECONDS.sub(r"\1 2", each) for each in short]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", PAGES)
def test_what_it_tells_people_to_type_works(name: str, folder: Path, typed: set[str]) -> None:
    for language, text, program in blocks(page(name)):
        if language == "console":
            run_in_shell(left_of(text, typed, page(name)), folder)
        elif language == "python":
            (folder / (program or "program.py")).write_text(text.replace("budget_s=5", "budget_s=3"))
            if program is None:
                run_program("program.py", folder)


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
