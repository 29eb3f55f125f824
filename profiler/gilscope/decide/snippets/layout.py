"""Code in lines of 88 columns, broken as Black and ruff break it."""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass
from textwrap import indent
from typing import TypeAlias

__all__ = ["Block", "Call", "Statement", "comprehension", "import_lines", "renamed"]

WIDTH = 88
INDENT = "    "


@dataclass(frozen=True)
class Call:
    """Something in brackets: on one line where it fits, else its arguments on the next, else each on its own."""

    head: str
    """Up to the opening bracket, which is its last character."""
    arguments: tuple[str | Call, ...]
    tail: str
    """From the closing bracket on."""
    comma: str = ","
    """Between the arguments."""

    def flat(self) -> str:
        """All on one line."""
        return self.head + self._inner() + self.tail

    def _inner(self) -> str:
        return f"{self.comma} ".join(_flat(argument) for argument in self.arguments)

    def at(self, depth: int) -> str:
        """As lines, where the first one begins ``depth`` levels in; without the indentation of the first."""
        room = WIDTH - depth * len(INDENT)
        if len(self.flat()) <= room:
            return self.flat()
        inner = self._inner()
        if len(inner) > room - len(INDENT) and len(self.arguments) > 1:
            inner = "\n".join(placed(argument, depth + 1) + self.comma for argument in self.arguments)
        elif len(self.arguments) == 1:
            inner = placed(self.arguments[0], depth + 1)
        return f"{self.head}\n{indent(inner, INDENT)}\n{self.tail}"


def comprehension(head: str, element: str, clause: str | Call) -> Call:
    """A list of an element for each of something."""
    return Call(head, (element, clause), "]", comma="")


@dataclass(frozen=True)
class Block:
    """A compound statement: its first line, and the statements one level further in."""

    head: Statement
    body: tuple[Statement, ...]

    def at(self, depth: int) -> str:
        """As lines, where the first one begins ``depth`` levels in; without the indentation of the first."""
        inner = "\n".join(placed(statement, depth + 1) for statement in self.body)
        return f"{placed(self.head, depth)}\n{indent(inner, INDENT)}"


#: A statement, or an expression in one: as it stands, or still to be broken into lines.
Statement: TypeAlias = str | Call | Block


def placed(statement: Statement, depth: int) -> str:
    """The statement as lines, as ``at`` of its parts gives them."""
    return statement if isinstance(statement, str) else statement.at(depth)


def _flat(argument: str | Call) -> str:
    return argument if isinstance(argument, str) else argument.flat()


def import_lines(module: str, names: list[tuple[str, str]]) -> str:
    """``from module import name``, each with the name it gets; those with another than their own stand alone."""
    plain = sorted(name for name, alias in names if name == alias)
    lines = [(name, f"from {module} import {name} as {alias}") for name, alias in names if name != alias]
    if plain:
        line = f"from {module} import {', '.join(plain)}"
        broken = "\n".join([f"from {module} import (", *(f"{INDENT}{name}," for name in plain), ")"])
        lines.append((plain[0], line if len(line) <= WIDTH else broken))
    return "\n".join(line for _, line in sorted(lines))


def renamed(expression: str, names: dict[str, str]) -> str:
    """An expression with some of its names changed, in the usual spacing and quotes."""
    tree = ast.parse(expression.strip(), mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return _with_double_quotes(ast.unparse(tree))


def _with_double_quotes(line: str) -> str:
    """As Black has it, where that needs no escapes."""
    parts, done = [], 0
    for token in tokenize.generate_tokens(io.StringIO(line).readline):
        text = token.string
        if token.type == tokenize.STRING and text.endswith("'") and not set('"\\') & set(text):
            start, end = token.start[1], token.end[1]
            prefix, _, rest = text.partition("'")
            parts += [line[done:start], f'{prefix}"{rest[:-1]}"']
            done = end
    return "".join([*parts, line[done:]])
