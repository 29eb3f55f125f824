"""What a line of source calls: builtins leave no frame on a stack, only the line that called them."""

from __future__ import annotations

import ast
import tokenize
import warnings

__all__ = ["called_at", "parsed"]


def parsed(file: str) -> ast.Module | None:
    """A source file; None where there is none that can be read."""
    try:
        with tokenize.open(file) as source, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whoever runs the file was told
            return ast.parse(source.read())
    except (OSError, SyntaxError, ValueError):  # ValueError: null bytes, or what its encoding cannot read
        return None


def called_at(tree: ast.Module, line: int) -> str | None:
    """The name of what the statement on a line calls, ``time.sleep``, with the names that its module imports in full.

    None unless the statement is a plain call of a dotted name: ``time.sleep(1)``, ``x = f(y)``, ``with open(p):``.
    """
    name = _dotted(_expression(_statement(tree, line)))
    if name is None:
        return None
    head, dot, rest = name.partition(".")
    return _imported(tree).get(head, head) + dot + rest


def _statement(tree: ast.Module, line: int) -> ast.stmt | None:
    """The innermost one that covers the line."""
    covering = [
        node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return max(covering, key=lambda node: (node.lineno, node.col_offset), default=None)


def _expression(statement: ast.stmt | None) -> ast.expr | None:
    """The one that a simple statement, or the head of a compound one, evaluates."""
    match statement:
        case ast.Expr() | ast.Assign() | ast.AugAssign() | ast.AnnAssign() | ast.Return():
            return statement.value
        case ast.With(items=[item]):
            return item.context_expr
        case ast.If() | ast.While():
            return statement.test
        case ast.For():
            return statement.iter
    return None


def _dotted(call: ast.expr | None) -> str | None:
    if not isinstance(call, ast.Call):
        return None
    names, node = [], call.func
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else None


def _imported(tree: ast.Module) -> dict[str, str]:
    """What names mean that are imported anywhere in the module under another name or from a module."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return found
