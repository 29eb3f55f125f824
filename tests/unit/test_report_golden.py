"""Reports say what they said: a change of words is seen in a diff."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.golden import FOLDER, drawn
from tests.unit.golden.pages import README


@pytest.mark.parametrize(("path", "text"), [pytest.param(path, text, id=path.name) for path, text in drawn()])
def test_a_report_reads_as_it_was_kept(path: Path, text: str) -> None:
    kept = path.read_text(encoding="utf-8")
    if path.suffix == ".txt" or path == README:
        assert in_any_widths(text) == in_any_widths(kept), "meant? python -m tests.unit.golden, and look at git diff"
        return
    assert text == kept, "meant? python -m tests.unit.golden, and look at git diff"


def in_any_widths(text: str) -> list[list[str]]:
    """The words of each section. How wide wrapped columns are differs between versions of Rich, so do the lines that
    they share; the order of words is that of the report in Markdown, which is compared as it is."""
    return [sorted(block.split()) for block in text.split("\n\n")]


def test_nothing_is_kept_that_is_not_drawn() -> None:
    assert {path for path in FOLDER.iterdir() if path.suffix in (".txt", ".md")} == {
        path for path, _ in drawn() if path.parent == FOLDER
    }
