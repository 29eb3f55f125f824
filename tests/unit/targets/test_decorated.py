"""What `@classify` was given is used where the user names nothing else, and finds a module's functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gilscope import classify
from gilscope.errors import TargetError
from gilscope.targets import TargetSpec, decorated_in, describe, load, names_module
from tests.unit.targets.helpers import call, loaded

STALL = """
import functools
from gilscope import classify
from shelf.fruit import peel

def count(): return [1, 2]
@classify(inputs=[3, 4])
def add(n, by=1): return n + by
@classify(inputs=count, kwargs={"by": 10})
def made(n, by): return n + by
@classify(inputs=[(1, 2), (3, 4)], star=True)
def pay(price, paid): return paid - price
@classify
def bare(): return "bare"
cached = functools.cache(add)
class Till:
    @classify(inputs=[5])
    def open(self, n): return -n
    @staticmethod
    @classify(inputs=[6])
    def close(n): return n
def maker():
    @classify(inputs=[1])
    def inner(n): return n
    return inner
inner = maker()
"""


@pytest.fixture
def stall(project: Path) -> Path:
    (project / "stall.py").write_text(STALL)
    (project / "shelf" / "fruit.py").write_text(
        "from gilscope import classify\n@classify(inputs=['apple'])\ndef peel(what): return what[1:]\n"
    )
    return project


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("stall:add", [4, 5]),
        ("stall.py:add", [4, 5]),
        ("stall:cached", [4, 5]),
        ("stall:made", [11, 12]),
        ("stall:pay", [1, 1]),
        ("stall:Till.open", [-5]),
        ("stall:Till.close", [6]),
        ("stall:inner", [1]),
    ],
)
def test_the_decorators_inputs_are_taken_and_have_a_name(stall: Path, text: str, results: list[int]) -> None:
    target = loaded(text)
    assert (call(target), target.about.target.inputs, target.about.bare) == (
        results,
        f"{text}.__gilscope__.inputs",
        False,
    )
    assert target.about.inputs_named
    assert (
        call(loaded(text, inputs=target.about.target.inputs, kwargs=target.about.expressions, star=target.about.star))
        == results
    )


def test_a_callable_that_makes_them_is_known_as_such(stall: Path) -> None:
    target = loaded("stall:made")
    assert (target.about.inputs_callable, target.kwargs) == (True, {"by": 10})
    assert target.about.expressions == {"by": "made.__gilscope__.kwargs['by']"}


@pytest.mark.parametrize(
    ("options", "results"),
    [
        ({"inputs": "count"}, [2, 3]),
        ({"args": ("7",)}, [8]),
        ({"kwargs": {"by": "100"}}, [103, 104]),
    ],
)
def test_what_the_user_names_goes_first(stall: Path, options: dict[str, Any], results: list[int]) -> None:
    assert call(loaded("stall:add", **options)) == results


def test_his_keyword_arguments_go_before_the_decorators(stall: Path) -> None:
    assert call(loaded("stall:made", kwargs={"by": "0"})) == [1, 2]


def test_without_inputs_it_is_called_bare(stall: Path) -> None:
    assert (call(loaded("stall:bare")), loaded("stall:bare").about.target.inputs) == (["bare"], None)


# ---- from the library ----


def test_a_function_that_is_passed_brings_its_inputs(stall: Path) -> None:
    def scale(n: int, by: int = 1, more: int = 0) -> int:
        return n * by + more

    decorated = classify(inputs=[1, 2], kwargs={"by": 3, "more": 1})(scale)
    assert call(load(describe(decorated, kwargs={"more": 5}))) == [8, 11]
    assert call(load(describe(decorated, [7], kwargs={"by": 2}))) == [14]


def test_one_with_a_name_is_asked_where_it_runs(stall: Path) -> None:
    made = loaded("stall:made").func
    target = load(describe(made, kwargs={"by": 100}))
    assert (call(target), target.about.target.inputs) == ([101, 102], "stall:made.__gilscope__.inputs")
    assert call(load(describe(made, [5], kwargs={"by": 100}))) == [105]


# ---- of a module ----


@pytest.mark.parametrize("place", ["stall", "stall.py"])
def test_the_functions_of_a_module_in_the_order_of_decoration(stall: Path, place: str) -> None:
    found = decorated_in(TargetSpec(spec=place)).functions
    names = ("add", "made", "pay", "Till.open", "Till.close")
    assert [each.spec for each in found if each.why_not is None] == [f"{place}:{name}" for name in names]
    skipped = {each.spec: each.why_not or "" for each in found if each.why_not is not None}
    assert "classify(inputs=...)" in skipped[f"{place}:bare"]
    assert "its name does not lead to it" in skipped[f"{place}:maker.<locals>.inner"]
    assert len(skipped) == 2


def test_of_a_package_its_modules_are_told(stall: Path) -> None:
    (stall / "crate").mkdir()
    for name in ("__init__", "glass", "wood"):
        (stall / "crate" / f"{name}.py").write_text("raise SystemExit" if name == "glass" else "")
    found = decorated_in(TargetSpec(spec="crate"))
    assert (found.functions, found.modules) == ((), ("glass", "wood"))


def test_a_package_that_imports_its_modules_has_their_functions(stall: Path) -> None:
    (stall / "bowl").mkdir()
    (stall / "bowl" / "__init__.py").write_text("from bowl.soup import stir\n")
    (stall / "bowl" / "soup.py").write_text(
        "from gilscope import classify\n@classify(inputs=[1])\ndef stir(n): return n\n"
    )
    assert [each.spec for each in decorated_in(TargetSpec(spec="bowl")).functions] == ["bowl.soup:stir"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stal", "'stal' names no function (module:function), nor a module: no module 'stal'"),
        ("stall.add", "did you mean stall:add?"),
        ("stall.Till", "did you mean stall:Till.NAME?"),
        ("stal.py", "did you mean 'stall.py'?"),
    ],
)
def test_a_module_that_is_not_there_is_told(stall: Path, text: str, says: str) -> None:
    with pytest.raises(TargetError) as caught:
        decorated_in(TargetSpec(spec=text))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("a.b", True), ("a", True), ("a/b.py", True), ("a:b", False), ("a b", False), ("", False), ("a..b", False)],
)
def test_what_may_be_a_module(text: str, is_one: bool) -> None:
    assert names_module(text) == is_one
