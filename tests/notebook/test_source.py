"""What was typed, as a function and the arguments of its calls."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from gilscope.errors import TargetFailedError, UsageError
from gilscope.notebook.source import function_of_cell, in_expression, value_of


def add(a: int, b: int = 0) -> int:
    return a + b


async def fetch(url: str) -> str:
    return url.upper()


class Shop:
    def price(self, item: str) -> int:
        return len(item)


NAMES: dict[str, Any] = {"add": add, "fetch": fetch, "shop": Shop(), "xs": [1, 2], "total": 5, "__name__": "__main__"}


def cell(text: str, *parameters: str) -> Callable[..., Any]:
    return function_of_cell(text, parameters, NAMES, "typed")


@pytest.mark.parametrize(
    ("text", "inputs", "star", "kwargs"),
    [
        ("add(3)", [3], False, {}),
        ("add(3, 4)", [(3, 4)], True, {}),
        ("add(*xs)", [(1, 2)], True, {}),
        ("add(3, b=total)", [3], False, {"b": 5}),
        ("add(a=1, **{'b': 2})", None, False, {"a": 1, "b": 2}),
        ("add()", None, False, {}),
        ("add", None, False, {}),
    ],
)
def test_a_call_is_a_function_and_its_arguments(text: str, inputs: Any, star: bool, kwargs: Any) -> None:
    asked = in_expression(text, NAMES, "typed")
    assert (asked.func, asked.inputs, asked.star, asked.kwargs) == (add, inputs, star, kwargs)


def test_arguments_are_evaluated_once() -> None:
    queue = iter([1, 2, 3])
    assert in_expression("add(next(queue))", NAMES | {"queue": queue}, "typed").inputs == [1]
    assert next(queue) == 2


def test_a_method_is_bound_and_an_awaited_call_is_the_coroutine_functions() -> None:
    assert in_expression("shop.price('pear')", NAMES, "typed").func("pear") == 4
    awaited = in_expression("await fetch('a')", NAMES, "typed")
    assert (awaited.func, awaited.inputs) == (fetch, ["a"])


def test_any_other_expression_becomes_a_function() -> None:
    asked = in_expression("[add(x, total) for x in xs]", NAMES, "typed")
    assert (asked.inputs, asked.func(), asked.func.__name__) == (None, [6, 7], "expression")
    assert in_expression("add(1) + add(2)", NAMES, "typed").func() == 3


def test_what_cannot_be_evaluated_is_the_users_error() -> None:
    with pytest.raises(SyntaxError):
        in_expression("add(", NAMES, "typed")
    with pytest.raises(TargetFailedError, match="evaluating nowhere raised NameError: name 'nowhere' is not defined"):
        in_expression("nowhere(1)", NAMES, "typed")
    with pytest.raises(TargetFailedError, match="evaluating the arguments raised ZeroDivisionError"):
        in_expression("add(1 / 0)", NAMES, "typed")
    with pytest.raises(TargetFailedError, match=r"evaluating xs\[9\] raised IndexError"):
        value_of("xs[9]", NAMES, "typed")


def test_a_cell_gives_its_last_expression_and_keeps_its_names_to_itself() -> None:
    names = dict(NAMES)
    run = function_of_cell("found = add(total, 1)\nfound * 2", (), names, "typed")
    assert (run(), run.__name__, run.__module__) == (12, "cell", "__main__")
    assert "found" not in names
    assert cell("for x in xs:\n    x += 1")() is None


def test_a_cell_may_return_and_take_inputs() -> None:
    assert cell("if n > 1:\n    return n\n0", "n")(3) == 3
    assert cell("a * b", "a", "b")(3, 4) == 12


def test_a_cell_that_awaits_or_yields_is_such_a_function() -> None:
    awaiting = cell("await fetch('a')")
    assert asyncio.run(awaiting()) == "A"
    for text in ("async with fetch('a') as a: pass", "[x async for x in fetch('a')]"):
        assert inspect.iscoroutinefunction(cell(text))
    assert not inspect.iscoroutinefunction(cell("async def later():\n    await fetch('a')"))
    assert list(cell("for x in xs:\n    yield x\nyield 9")()) == [1, 2, 9]


def test_a_cells_lines_are_its_own() -> None:
    first = cell("\n1 / 0").__code__
    assert {line for _, _, line in first.co_lines() if line} == {1, 2}


@pytest.mark.parametrize("text", ["", "   \n", "# nothing yet"])
def test_an_empty_cell_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="the cell is empty"):
        cell(text)


def test_magics_cannot_be_measured() -> None:
    with pytest.raises(UsageError, match=r"magics and shell commands .* cannot be measured"):
        cell("get_ipython().run_line_magic('time', 'add(1)')")
    with pytest.raises(UsageError, match="magics"):
        in_expression("get_ipython()", NAMES, "typed")


def test_what_cannot_stand_in_a_function_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError, match=r"import \*"):
        cell("from math import *")
