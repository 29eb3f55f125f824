"""docs/programs.md, and what is made beside it: every question has its command and an output that a program makes."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/programs.md").read_text(encoding="utf-8")
MAKER = (ROOT / "examples/programs/page.py").read_text(encoding="utf-8")


def test_each_of_the_seven_questions_has_a_command_and_its_output() -> None:
    slow, questions = PAGE.partition("\n## The questions")[::2]
    parts = questions.partition("\n## ")[0].split("\n### ")[1:]
    assert len(parts) == 7
    for part in (slow, *parts):
        assert re.search(r"^```console\n\$ ", part, re.MULTILINE), part.partition("\n")[0]
        outputs = re.findall(r"^<!-- output: ([\w-]+) -->\n\n```text\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
        assert outputs, part.partition("\n")[0]
        assert all(text.strip() for _, text in outputs)


def test_every_output_is_made_by_the_program_that_says_so() -> None:
    others = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("pythons.md", "interpreters.md")]
    names = re.findall(r"<!-- output: ([\w-]+) -->", "".join((PAGE, *others)))
    assert len(names) == len(set(names)) >= 11
    assert [name for name in names if f'"{name}"' not in MAKER] == []
