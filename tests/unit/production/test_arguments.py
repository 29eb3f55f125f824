"""Which functions an analysis can call as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gilscope import classify
from gilscope.production.arguments import needs_inputs


def bare() -> None: ...


def optional(a: int = 1, *rest: int, b: int = 2, **more: int) -> None: ...


def positional(a: int, b: int = 2) -> None: ...


def keyword(*, b: int) -> None: ...


class Till:
    def count(self) -> None: ...

    def pay(self, euros: int) -> None: ...

    @classmethod
    def opened(cls) -> None: ...


@pytest.mark.parametrize(
    ("func", "needs"),
    [
        (bare, False),
        (optional, False),
        (positional, True),
        (keyword, True),
        (Till.count, False),
        (Till.pay, True),
        (Till.__dict__["opened"].__func__, False),
        (len, None),
    ],
)
def test_what_has_a_parameter_without_a_default_needs_inputs(func: Callable[..., Any], needs: bool | None) -> None:
    assert needs_inputs(func, ()) is needs


def test_what_its_decorator_was_given_is_not_needed() -> None:
    def made(a: int, *, b: int) -> None: ...

    assert [needs_inputs(made, given) for given in ((), ["a"], ["a", "b"])] == [True, True, False]
    decorated: Any = classify(made)
    assert decorated.__gilscope__.profile().needs_inputs
    given: Any = classify(inputs=[1, 2], kwargs={"b": 1})(made)
    assert given.__gilscope__.profile().needs_inputs is False
