"""The documentation: it builds without a warning, and what is made from the code has all of it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

from gilscope.cli.app import app
from gilscope.report.columns import columns

ROOT = Path(__file__).parents[1]

pytest.importorskip("mkdocs", reason="mkdocs is not installed: gilscope[docs]")


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hooks", ROOT / "docs/hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_and_option_is_told(hooks: ModuleType) -> None:
    page = hooks.command_line()
    group: Any = typer.main.get_command(app)
    assert {"analyze", "check", "compare", "doctor", "report", "schema"} <= set(group.commands)
    for name, command in group.commands.items():
        told = page.partition(f"## `gilscope {name}`")[2].partition("\n## ")[0]
        for param in command.params:
            names = param.opts if param.param_type_name == "option" else [param.metavar or param.name.upper()]
            assert [text for text in names if f"`{text}" not in told] == [], name


def test_every_field_and_column_is_told(hooks: ModuleType) -> None:
    page, table = hooks.record(), hooks.frames()
    for structure in hooks.structures():
        told = page.partition(f"## {structure.__name__}\n")[2].partition("\n## ")[0]
        assert [field for field in structure.__struct_fields__ if f"| `{field}` |" not in told] == []
    assert all(f"| `{column}` |" in table for _, column, _ in columns())


def test_it_builds_without_a_warning_and_asks_nobody(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 40
    asked = [text for page in pages for text in re.findall(r'src="(?:https?:)?//[^"]*', page.read_text())]
    assert asked == []
