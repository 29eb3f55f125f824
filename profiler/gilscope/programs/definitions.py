"""How functions that were seen running are defined, as far as their source says it on this machine."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from gilscope.decide.program_advice import ANALYZE
from gilscope.records.programs import Advice, Place, ProgramRecord

__all__ = ["Definition", "advised", "as_defined", "by_path", "definition_of", "definitions_in"]

#: Bytes of a source that is read.
MOST_BYTES: Final = 2 << 20
#: Decorators that leave no function under the name: a property is computed when it is looked up.
_LOOKED_UP: Final = ("property", "setter", "getter", "deleter")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Definition:
    """One function."""

    takes_arguments: bool
    """Whether a call of it, by its name, can be given any; of a method, that is its object."""
    has_name: bool = True
    """Whether it is what its name gives: not where that is a property, or is changed because it is private to a
    class."""


def as_defined(record: ProgramRecord, folder: str | None, scripts: str | None) -> ProgramRecord:
    """A record that offers to analyze only what can be, of what is defined here, by names that lead to it there.

    :param folder: the program's working folder, in which the commands are typed
    :param scripts: the folder of its script
    """
    verdict = record.verdict
    placed = (by_path(each, folder, scripts) for each in verdict.advice)
    advice = tuple(advised(each, None if each.place is None else definition_of(each.place)) for each in placed)
    return replace(record, verdict=replace(verdict, advice=advice))


def by_path(advice: Advice, folder: str | None, scripts: str | None) -> Advice:
    """An advice on what stands beside a script in another folder, from which only that script imports it: by its path.
    Pure.

    :param folder: from which it is named
    :param scripts: the script's
    """
    place = advice.place
    if place is None or advice.command is None or folder is None or scripts in (None, folder):
        return advice
    if os.path.dirname(place.file) != scripts:
        return advice
    inside = place.file.removeprefix(f"{folder.rstrip('/')}/")
    return replace(advice, command=f"{ANALYZE} {inside}:{place.function}")


def advised(advice: Advice, definition: Definition | None) -> Advice:
    """An advice on a function that is defined so. Pure."""
    if definition is None or advice.command is None:
        return advice
    command = advice.command if definition.has_name else None
    return replace(advice, command=command, takes_arguments=definition.takes_arguments)


def definition_of(place: Place) -> Definition | None:
    """None where it is unknown: no such file here, none that is a Python source, or another version of it."""
    try:
        changed_ns = os.stat(place.file).st_mtime_ns
    except (OSError, ValueError):
        return None
    return _definitions(place.file, changed_ns).get((place.function, place.line))


@lru_cache(maxsize=32)
def _definitions(file: str, _changed_ns: int) -> dict[tuple[str, int], Definition]:
    try:
        with open(file, "rb") as source:
            text = source.read(MOST_BYTES + 1)
        return definitions_in(text) if len(text) <= MOST_BYTES else {}
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):  # the last two of a hostile source
        return {}


def definitions_in(source: bytes) -> dict[tuple[str, int], Definition]:
    """Functions of a module and methods of its classes, by qualified name and the first line of their code.

    :raises SyntaxError: when it is no Python source
    :raises ValueError: when it cannot be read as text
    """
    return dict(_within(ast.parse(source).body, (), False))


def _within(
    body: Sequence[ast.AST], names: tuple[str, ...], private: bool
) -> Iterator[tuple[tuple[str, int], Definition]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _within(node.body, (*names, node.name), private or _is_private(node.name, names))
        elif isinstance(node, _Function):
            first_line = min(each.lineno for each in (node, *node.decorator_list))
            has_name = not (private or _is_private(node.name, names) or _is_looked_up(node))
            yield (".".join((*names, node.name)), first_line), Definition(_takes_arguments(node, names), has_name)
        else:  # under an ``if``, or in a ``try``
            yield from _within(list(ast.iter_child_nodes(node)), names, private)


def _is_private(name: str, names: tuple[str, ...]) -> bool:
    return bool(names) and name.startswith("__") and not name.endswith("__")


def _is_looked_up(node: _Function) -> bool:
    return any(_last_name(each).endswith(_LOOKED_UP) for each in node.decorator_list)


def _last_name(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _takes_arguments(node: _Function, names: tuple[str, ...]) -> bool:
    given = node.args
    count = len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)
    is_bound = bool(names) and any(_last_name(each) == "classmethod" for each in node.decorator_list)
    return count > is_bound or given.vararg is not None or given.kwarg is not None
