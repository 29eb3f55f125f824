"""Lines that are as long as the user's names and expressions make them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["broken", "import_lines"]

WIDTH: Final = 88
INDENT: Final = "    "
#: Where a line may be broken, and the strings that may look so inside.
_MARKS: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[][(){},]|\b(?:async )?for\b""")


def broken(line: str) -> str:
    """A line as it is where it fits, else broken at its last brackets, as Black and ruff break it: what they hold goes
    on the next line, or else each argument or clause of it."""
    cuts = _cuts(line) if len(line) > WIDTH else []
    if not cuts:
        return line
    margin = line[: len(line) - len(line.lstrip())]
    parts = [line[start:end].strip() for start, end in pairwise(cuts)]
    inner = [margin + INDENT + " ".join(parts)]
    if len(inner[0]) > WIDTH and len(parts) > 1:
        last = parts.pop() + ("," if parts[0].endswith(",") else "")
        inner = [margin + INDENT + part for part in (*parts, last)]
    return "\n".join([line[: cuts[0]], *map(broken, inner), margin + line[cuts[-1] :]])


def _cuts(line: str) -> list[int]:
    """Where the inside of a line's last brackets begins, where each of its further arguments or clauses does, and where
    it ends; nothing where there is nothing inside."""
    depth, cuts = 0, [0]
    for mark in _MARKS.finditer(line):
        if mark[0] in {*"([{"}:
            depth += 1
            cuts = [mark.end()] if depth == 1 else cuts
        elif mark[0] in {*")]}"}:
            depth -= 1
            cuts += [mark.start()] if depth == 0 else []
        elif depth == 1 and mark[0] == ",":
            cuts.append(mark.end())
        elif depth == 1 and mark[0].endswith("for"):
            cuts.append(mark.start())
    return cuts if depth == 0 and cuts[0] < cuts[-1] else []


def import_lines(module: str, names: Sequence[tuple[str, str]]) -> list[str]:
    """``from module import name``, each with the name it gets; one that is not its own stands alone."""
    groups = [[name for name, alias in names if name == alias]]
    groups += [[f"{name} as {alias}"] for name, alias in names if name != alias]
    return [_import_line(module, group) for group in sorted(groups) if group]


def _import_line(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    return (
        line if len(line) <= WIDTH else "\n".join([f"from {module} import (", *(f"{INDENT}{n}," for n in names), ")"])
    )
