"""What documents show of the program itself: the README's report, and the manual page."""

from __future__ import annotations

import importlib.util
import io
import re
from pathlib import Path

from rich.console import Console

from gilscope import report
from gilscope.report import text
from gilscope.result import load

__all__ = ["MANUAL", "README", "manual", "readme"]

ROOT = Path(__file__).parents[3]
README, MANUAL = ROOT / "README.md", ROOT / "docs/gilscope.1"
_SHOWN = re.compile(r"(<!-- output: gilscope report (\S+) -->\n\n```text\n).*?(?=```\n)", re.DOTALL)


def readme() -> str:
    """With what a terminal of 80 columns shows of the saved results that it names."""
    return _SHOWN.sub(lambda found: found[1] + _shown(ROOT / found[2]), README.read_text(encoding="utf-8"))


def _shown(path: Path) -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None, legacy_windows=False)
    with console.capture() as drawn:
        text.show(report.documents([load(path)]), console, room=None, ascii_only=False)
    return "".join(f"{line.rstrip()}\n" for line in drawn.get().rstrip("\n").split("\n"))


def manual() -> str:
    """From the commands as they are."""
    spec = importlib.util.spec_from_file_location("man", ROOT / "docs/man.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.page())
