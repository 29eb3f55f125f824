"""What was typed behind a magic, as a function and the arguments of its calls."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gilscope.errors import UsageError
from gilscope.targets import blame

__all__ = ["Asked", "Namespace", "function_of_cell", "in_expression", "value_of"]

Namespace = dict[str, Any]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_AWAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)


@dataclass(frozen=True)
class Asked:
    """A function, and the arguments of the call that was typed."""

    func: Any
    inputs: list[Any] | None = None
    """One call's positional arguments; None for a call that has none."""
    star: bool = False
    kwargs: dict[str, Any] = field(default_factory=dict)


def in_expression(text: str, names: Namespace, file: str) -> Asked:
    """``f(x)``, or ``await f(x)``: the function ``f`` and its arguments, which are evaluated here and once. A name, an
    attribute or a lambda is the function itself; any other expression becomes the body of one.

    :raises SyntaxError: when it is no expression
    :raises TargetFailedError: when evaluating the function or its arguments raises
    """
    tree = ast.parse(text, file, "eval").body
    _refuse_magics(tree)
    tree = tree.value if isinstance(tree, ast.Await) else tree
    if isinstance(tree, ast.Call):
        args, kwargs = _value(_collecting(tree), names, file, "the arguments")
        star = len(args) > 1
        inputs = [args if star else args[0]] if args else None
        return Asked(_value(tree.func, names, file), inputs, star, kwargs)
    if isinstance(tree, ast.Name | ast.Attribute | ast.Lambda):
        return Asked(_value(tree, names, file))
    return Asked(_function("expression", (), [ast.Return(tree)], names, file))


def value_of(text: str, names: Namespace, file: str) -> Any:
    """What an expression means.

    :raises SyntaxError: when it is none
    :raises TargetFailedError: when evaluating it raises
    """
    return _value(ast.parse(text, file, "eval").body, names, file)


def function_of_cell(cell: str, parameters: Sequence[str], names: Namespace, file: str) -> Callable[..., Any]:
    """A function whose body is the cell, and whose result is the value of its last expression. What the cell assigns is
    its own; everything else is the session's. A cell that awaits makes a coroutine function.

    :raises SyntaxError: when it is no code, or none that can stand in a function
    :raises UsageError: when it is empty, or has magics in it
    """
    body = ast.parse(cell, file).body
    if not body:
        raise UsageError("the cell is empty: put the code to be measured under %%gilscope")
    _refuse_magics(*body)
    last = body[-1]
    if isinstance(last, ast.Expr) and not any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own(*body)):
        body[-1] = ast.copy_location(ast.Return(last.value), last)
    return _function("cell", parameters, body, names, file)


def _collecting(call: ast.Call) -> ast.Call:
    """The same call, of a function that gives its arguments."""
    collect = ast.parse("lambda *args, **kwargs: (args, kwargs)", mode="eval").body
    return ast.copy_location(ast.Call(collect, call.args, call.keywords), call)


def _value(tree: ast.expr, names: Namespace, file: str, what: str | None = None) -> Any:
    code = compile(ast.fix_missing_locations(ast.Expression(tree)), file, "eval")
    with blame(f"evaluating {what or ast.unparse(tree)}"):
        return eval(code, names)


def _function(
    name: str, parameters: Sequence[str], body: list[ast.stmt], names: Namespace, file: str
) -> Callable[..., Any]:
    head = f"{'async ' if any(map(_is_awaiting, _own(*body))) else ''}def {name}({', '.join(parameters)}): pass"
    module = ast.parse(head)
    definition = module.body[0]
    assert isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef)
    definition.body = body
    made: dict[str, Callable[..., Any]] = {}
    exec(compile(ast.fix_missing_locations(module), file, "exec"), names, made)
    return made[name]


def _is_awaiting(node: ast.AST) -> bool:
    return isinstance(node, _AWAITING) or (isinstance(node, ast.comprehension) and bool(node.is_async))


def _own(*nodes: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run in the function itself, not in one that is defined in it."""
    for node in nodes:
        yield node
        if not isinstance(node, _FUNCTIONS):
            yield from _own(*ast.iter_child_nodes(node))


def _refuse_magics(*nodes: ast.AST) -> None:
    if any(isinstance(node, ast.Name) and node.id == "get_ipython" for tree in nodes for node in ast.walk(tree)):
        raise UsageError(
            "magics and shell commands (%, !) cannot be measured: trials run in processes of their own, without IPython"
        )
