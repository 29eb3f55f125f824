"""The pages about the findings: one for each code, in one form, with examples that run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gilscope.decide.findings import RULES
from gilscope.decide.findings.words import words

PAGES = Path(__file__).parents[3] / "docs" / "findings"
HEADINGS = ["What was seen", "Why it matters", "What to do", "How gilscope knows", "When it is wrong"]


def page(code: str) -> str:
    return (PAGES / f"{code}.md").read_text(encoding="utf-8")


def examples(code: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page(code), re.DOTALL | re.MULTILINE)


def test_each_code_has_its_page_and_each_page_its_code() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {*RULES, "README"}


def test_the_index_lists_the_pages_in_the_order_of_the_rules() -> None:
    listed = re.findall(r"^\| \[([\w-]+)\]\(\1\.md\) \| (.+) \|$", page("README"), re.MULTILINE)
    assert listed == [(code, words()[code].page_heading) for code in RULES]


@pytest.mark.parametrize("code", RULES)
def test_a_page_names_its_code_and_has_its_parts(code: str) -> None:
    text = page(code)
    assert text.startswith(f"# `{code}`: {words()[code].page_heading}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert len(examples(code)) == 1
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert [link for link in links if not (PAGES / link).exists()] == []


@pytest.mark.parametrize("code", RULES)
def test_the_example_runs(code: str, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(examples(code)[0], encoding="utf-8")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
