"""What a program imports, and what it calls it."""

from __future__ import annotations

import ast
import builtins
import json
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from gilscope.decide.code.lines import import_lines

if TYPE_CHECKING:
    from collections.abc import Set

    from gilscope.decide.code.target import Place

__all__ = ["Names", "bound_names"]


class Names:
    """The user's names in one program."""

    def __init__(self, taken: Set[str] | None = None) -> None:
        """
        :param taken: what the program calls other things: a name of the user's that is one of these gets another; None
            while that is not known, and all get another
        """
        self.folders: list[str] = []
        """Where modules of the user's are, as literals."""
        self._taken, self._suffix = (frozenset(), "_in_draft") if taken is None else (taken, "")
        self._imported: dict[str, tuple[str, str]] = {}
        self._first: set[str] = set()

    def place(self, place: Place, *, first: bool = False) -> str:
        """Import what the user named, and give the expression for it; what is in no module keeps its name, or is called
        ``func`` where that is taken.

        :param first: whether it is imported before the others
        """
        head, dot, rest = place.name.partition(".")
        if not place.module:
            return "func" if head in self._taken else head
        alias = head + self._suffix
        while alias in self._taken or self._imported.get(alias, (place.module, head)) != (place.module, head):
            alias += "_"
        self._imported[alias] = place.module, head
        self._first |= {alias} if first else set()
        folder = json.dumps(place.folder, ensure_ascii=False)
        self.folders += [folder] if place.folder and folder not in self.folders else []
        return alias + dot + rest

    def expression(self, text: str, home: Place) -> str:
        """What the user wrote with the names of a module, which are imported; in the usual spacing and quotes."""
        tree = ast.parse(text.strip(), mode="eval")
        known = bound_names(tree) | vars(builtins).keys()
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and home.module and node.id not in known:
                node.id = self.place(home._replace(name=node.id))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value = _DoubleQuoted(node.value)
        return ast.unparse(tree)

    def packages(self) -> set[str]:
        """Those that hold something of the user's."""
        return {module.partition(".")[0] for module, _ in self._imported.values()}

    def imports(self, *, first: bool = False) -> str:
        """The statements that import those that come ``first``, or all others."""
        wanted = {alias: known for alias, known in self._imported.items() if (alias in self._first) == first}
        members = sorted((module, name, alias) for alias, (module, name) in wanted.items())
        by_module = groupby(members, key=itemgetter(0))
        lines = [import_lines(module, [(name, alias) for _, name, alias in found]) for module, found in by_module]
        return "\n".join(line for found in lines for line in found)

    def used(self, imports: str, code: str) -> str:
        """Of imports from libraries, those that the code uses."""
        names = _names_in(code) - self._imported.keys()
        lines = []
        for statement in ast.parse(imports).body:
            assert isinstance(statement, ast.Import | ast.ImportFrom)
            statement.names = [alias for alias in statement.names if alias.name in names]
            lines += [ast.unparse(statement)] if statement.names else []
        return "\n".join(lines)


@lru_cache(maxsize=1)  # asked of the same code for several groups of imports
def _names_in(code: str) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name))


class _DoubleQuoted(str):
    """A string that is written in double quotes where that needs no escapes."""

    __slots__ = ()

    def __repr__(self) -> str:
        text = super().__repr__()
        return text if {'"', "\\"} & {*text} else f'"{text[1:-1]}"'


def bound_names(tree: ast.AST) -> set[str]:
    """What code gives a meaning: variables, parameters, functions, classes, and what it imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name)
    return found
