"""What a shell is offered to complete a word with. Where nothing is, shells offer files, which results are."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import typer

__all__ = ["backends_beginning", "names_beginning", "one_of"]

#: A larger file takes longer to parse than who waits for a completion has patience for.
_MOST_BYTES: Final = 1_000_000


def one_of(words: Iterable[str]) -> Callable[[str], list[str]]:
    """Completes one of these words."""
    known = tuple(words)

    def beginning(incomplete: str) -> list[str]:
        return [word for word in known if word.startswith(incomplete)]

    return beginning


def backends_beginning(incomplete: str) -> list[str]:
    """The backends that may stand last in a list with commas between, each with those before it."""
    from gilscope.backends import known

    before, comma, last = incomplete.rpartition(",")
    taken = {*before.split(","), "serial"}
    return [f"{before}{comma}{name}" for name in known() if name.startswith(last) and name not in taken]


def names_beginning(ctx: typer.Context, incomplete: str) -> list[str]:
    """What may follow the colon of ``module:`` or ``path/to/file.py:``: names of that file, which is read and not
    imported."""
    place, colon, begun = incomplete.rpartition(":")
    prefix = f"{place}{colon}"
    if not colon:  # bash takes a colon for a word of its own
        place, colon = ["", "", *(ctx.params.get("targets") or ())][-2:]
        if colon != ":":
            return []
    return [f"{prefix}{name}" for name in _names_of(_file_of(place)) if name.startswith(begun)]


def _file_of(place: str) -> Path:
    if place.endswith(".py"):
        return Path(place)
    folder = Path(*place.split("."))
    package = folder / "__init__.py"
    return package if package.is_file() else folder.with_suffix(".py")


def _names_of(file: Path) -> Iterator[str]:
    """Public ones at the top, and the methods of classes; none where there is no such file, or no Python in it."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            return
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in tree.body:
        yield from (name for name in _named_by(node) if not name.startswith("_"))


def _named_by(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.ClassDef):
        methods = [one.name for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        yield from (f"{node.name}.{name}" for name in methods if not name.startswith("_"))
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
