"""The arguments of the calls: expressions, iterables, and what makes them."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope import targets
from gilscope.errors import InputsError, TargetError, TargetFailedError
from gilscope.targets.inputs import digest_of, take
from tests.unit.targets.helpers import call, loaded

# ---- arguments ----


def test_without_inputs(project: Path) -> None:
    target = loaded("work:nothing")
    assert (target.about.bare, target.about.target.inputs, len(target.items), call(target)) == (
        True,
        None,
        1,
        ["nothing"],
    )
    assert (target.about.target.input_count, target.about.target.inputs) == (0, None)


def test_keyword_arguments_alone(project: Path) -> None:
    target = loaded("work:power", kwargs={"base": "NUMBER", "exponent": "1 + 1"})
    assert (target.about.bare, target.kwargs, call(target)) == (True, {"base": 5, "exponent": 2}, [25])


def test_equal_arguments_have_one_digest_and_others_another(project: Path) -> None:
    told = [
        loaded(*spec, **given).about.target.inputs_digest
        for *spec, given in (
            ("work:power", {"args": ("NUMBER",)}),
            ("work:power", {"args": ("2 + 3",)}),
            ("work:power", {"args": ("6",)}),
            ("work:power", {"args": ("5",), "kwargs": {"exponent": "3"}}),
        )
    ]
    assert told[0] == told[1]
    assert None not in told
    assert len(set(told)) == 3


def test_what_is_no_plain_data_has_no_digest() -> None:
    assert digest_of([1, object()], {}) is None
    assert digest_of([1], {"key": object()}) is None
    assert digest_of([1, 2], {}) != digest_of([2, 1], {})


@pytest.mark.parametrize(
    ("args", "star", "items", "label"),
    [(("NUMBER",), False, [5], "--arg NUMBER"), (("2", "1 + 2"), True, [(2, 3)], "--arg 2 --arg 1 + 2")],
)
def test_arg_is_one_call(project: Path, args: tuple[str, ...], star: bool, items: list[Any], label: str) -> None:
    target = loaded("work:power", args=args)
    assert (target.about.star, target.items, target.about.target.inputs) == (star, items, label)
    assert call(target) == [5**2 if not star else 2**3]


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("hello", "text needs quotes"),
        ("1 +", "SyntaxError"),
        ("", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("exit(3)", "--arg exit(3): "),
    ],
)
def test_expressions_that_are_none(project: Path, expression: str, says: str) -> None:
    with pytest.raises(TargetError) as caught:
        loaded("work:square", args=(expression,))
    assert says in str(caught.value)
    with pytest.raises(TargetError, match="--kwarg n="):
        loaded("work:square", kwargs={"n": expression})


def test_an_expression_leaves_the_module_as_it_was(project: Path) -> None:
    loaded("work:square", args=("(NUMBER := 6)",))
    assert sys.modules["work"].NUMBER == 5


def test_an_expression_sees_what_the_module_makes_when_asked(project: Path) -> None:
    (project / "lazy.py").write_text(
        "def f(n): return n\ndef __getattr__(name):\n    if name == 'MADE': return 8\n    raise AttributeError(name)\n"
    )
    assert loaded("lazy:f", args=("MADE + len([1])",)).items == [9]
    assert loaded("lazy:f", args=("[MADE for _ in 'ab'][0]",)).items == [8]
    with pytest.raises(TargetError, match="NameError"):
        loaded("lazy:f", args=("MADE_UP",))


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("work:power", {}, "work:power(base, exponent=2) needs arguments (missing a required argument: 'base')"),
        ("work:power", {}, "--inputs module:NAME"),
        ("work:power", {}, "--arg EXPR"),
        ("work:cached", {}, "work:cached(n) needs arguments"),
        ("work:Locked", {}, "work:Locked(key) needs arguments"),
        ("work:Shop.price", {}, "(n) needs arguments"),
        ("work:nothing", {"inputs": "NUMBERS"}, "work:nothing() cannot take 1 positional argument"),
        ("work:square", {"args": ("1", "2")}, "work:square(n) cannot take 2 positional arguments"),
        ("work:power", {"inputs": "NUMBERS", "kwargs": {"base": "1"}}, "1 positional argument and base"),
        (
            "work:square",
            {"inputs": "NUMBERS", "kwargs": {"m": "1"}},
            "square(n) has no parameter m (--kwarg): it takes n",
        ),
        ("work:power", {"kwargs": {"nope": "3"}}, "has no parameter nope (--kwarg): it takes base and exponent"),
        (
            "work:nothing",
            {"kwargs": {"a": "1", "b": "2"}},
            "no parameter a and no parameter b (--kwarg): it takes none",
        ),
        ("work:square", {"inputs": "PAIRS", "star": True}, "cannot take 2 positional arguments"),
        ("work:nothing", {"inputs": "PAIRS"}, "--star"),
        ("gilscope.examples.urls:load_url", {"inputs": "work:NUMBERS"}, "--kwarg NAME=EXPR"),
    ],
)
def test_arguments_that_do_not_fit(project: Path, text: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(TargetError) as caught:
        loaded(text, **options)
    assert says in str(caught.value)


# ---- inputs ----


@pytest.mark.parametrize(
    ("reference", "items", "made"),
    [
        ("NUMBERS", [1, 2, 3], False),
        ("work:NUMBERS", [1, 2, 3], False),
        ("TABLE", ["a", "b"], False),
        ("numbers", [10, 20], True),
        ("Shop.Shelf.__mro__", None, False),
    ],
)
def test_inputs_are_an_iterable_or_a_callable_that_makes_one(
    project: Path, reference: str, items: list[Any] | None, made: bool
) -> None:
    target = loaded("work:square", inputs=reference)
    assert items is None or target.items == items
    assert (target.about.target.inputs, target.about.inputs_callable) == (
        f"work:{reference.removeprefix('work:')}",
        made,
    )
    assert not target.about.target.inputs_truncated


def test_the_record_tells_where_the_inputs_came_from(project: Path) -> None:
    record = loaded("work:square", inputs="endless", max_inputs=3).about.target
    assert (record.inputs, record.input_count, record.inputs_truncated) == ("work:endless", 3, True)


def test_starred_inputs_are_tuples(project: Path) -> None:
    target = loaded("work:power", inputs="PAIRS", star=True)
    assert (target.items, call(target)) == ([(1, 2), (3, 4)], [1, 81])


@pytest.mark.parametrize("reference", ["endless", "millions"])
def test_only_the_first_are_taken(project: Path, reference: str) -> None:
    target = loaded("work:square", inputs=reference)
    assert (target.items, target.about.target.inputs_truncated) == (list(range(1000)), True)


@pytest.mark.parametrize(("most", "truncated"), [(2, True), (3, False), (4, False)])
def test_truncated_means_that_there_were_more(project: Path, most: int, truncated: bool) -> None:
    assert loaded("work:square", inputs="NUMBERS", max_inputs=most).about.target.inputs_truncated is truncated


def test_no_item_beyond_the_next_is_asked_for() -> None:
    asked = []

    def source() -> Iterator[int]:
        for n in range(10):
            asked.append(n)
            yield n

    assert take(source(), 3, "source") == ([0, 1, 2], True)
    assert asked == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"inputs": "EMPTY"}, "work:EMPTY is empty"),
        ({"inputs": "NUMBER"}, "work:NUMBER is of type int, which is not iterable"),
        ({"inputs": "nothing"}, "is one str, not several inputs: wrap it in a list"),
        ({"inputs": "TEXT"}, "work:TEXT is one str, not several inputs: wrap it in a list"),
        ({"inputs": "NUMBRS"}, "--inputs 'NUMBRS': no 'NUMBRS' in module work"),
        ({"inputs": "wrok:NUMBERS"}, "--inputs 'wrok:NUMBERS': no module 'wrok'"),
        ({"inputs": "work:a b"}, "--inputs 'work:a b': "),
        ({"inputs": "needs"}, "work:needs(n) makes the inputs, so it must be callable without arguments"),
        ({"inputs": "later"}, "work:later is asynchronous"),
        ({"inputs": "stream"}, "work:stream is asynchronous"),
        ({"inputs": "NUMBERS", "star": True}, "input 0 of work:NUMBERS is of type int, which star cannot unpack"),
        ({"star": True}, "star unpacks each of the inputs, but there are none"),
    ],
)
def test_inputs_that_are_none(project: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputsError) as caught:
        loaded("work:square", **options)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("breaks", "iterating over work:breaks raised ValueError: no more"),
        ("raises", "calling work:raises() raised LookupError: not today"),
        ("exits", "calling work:exits() called sys.exit('enough')"),
    ],
)
def test_inputs_that_raise(project: Path, reference: str, says: str) -> None:
    with pytest.raises(TargetFailedError) as caught:
        loaded("work:square", inputs=reference)
    assert str(caught.value) == says
    assert f"in {reference}" in caught.value.traceback


# ---- their order ----


def test_the_order_loses_nothing_and_repeats() -> None:
    items = list(range(50))
    assert targets.order_of(items, 1) == targets.order_of(items, 1) != targets.order_of(items, 2)
    assert sorted(targets.order_of(items, 2)) == items


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 9))
def test_as_many_as_are_taken_are_spread_over_all_sizes(count: int, taken: int, seed: int) -> None:
    """Of every tenth of the ranks about a tenth of those taken."""
    items = [b"x" * size for size in random.Random(seed).sample(range(count), count)]
    order = targets.order_of(items, seed)[: min(taken, count)]
    ranks = [len(items[position]) / count for position in order]
    for tenth in range(10):
        within = sum(rank < tenth / 10 for rank in ranks)
        assert abs(within - len(order) * tenth / 10) <= 2 + math.log2(count)


@pytest.mark.parametrize("cheap", [0, 1])
def test_no_pattern_in_the_list_meets_another(cheap: int) -> None:
    """Every other input is dear: a quarter of them has about as many of these as of the others."""
    order = targets.order_of([0] * 64, cheap)[:16]
    assert 3 <= sum(position % 2 for position in order) <= 13


def test_numbers_are_ranked_by_magnitude() -> None:
    numbers = [10**400, -3, 2.0, 10**6]
    order = targets.order_of(numbers * 8, 0)
    assert sum(numbers[position % 4] in (-3, 2.0) for position in order[:16]) == 8


@pytest.mark.parametrize("odd", [lambda: None, float("nan")])
def test_what_has_no_size_is_ranked_by_position(odd: object) -> None:
    order = targets.order_of([odd] * 40, 0)[:4]
    assert [sum(quarter * 10 <= position < quarter * 10 + 10 for position in order) for quarter in range(4)] == [1] * 4


# ---- setup and teardown ----


def test_hooks_beside_the_target_are_found_and_not_called(project: Path) -> None:
    target = loaded("work:square", args=("1",), setup="work:raises", teardown="work.py:nothing")
    assert (target.setup, target.is_set_up) == (sys.modules["work"].raises, False)
    assert target.teardown is sys.modules["work"].nothing


def test_a_set_up_elsewhere_is_called_before_the_target_is_imported(project: Path) -> None:
    (project / "settings.py").write_text("TABLE = []\n\n\ndef configure():\n    TABLE.append(7)\n")
    (project / "orders.py").write_text(
        "import settings\n\nFIRST = settings.TABLE[0]\n\n\ndef total():\n    return FIRST\n"
    )
    target = loaded("orders:total", setup="settings:configure")
    assert target.func() == 7
    assert target.is_set_up
    assert sys.modules["settings"].TABLE == [7]


def test_a_set_up_elsewhere_that_raises_says_so(project: Path) -> None:
    with pytest.raises(TargetFailedError, match="the set-up work:raises raised") as caught:
        loaded("shelf.books:read", args=("1",), setup="work:raises")
    assert "in raises" in caught.value.traceback


@pytest.mark.parametrize(
    ("hook", "says"),
    [("NUMBER", "cannot be called"), ("none", "no 'none' in module work"), ("square", "square(n) needs arguments")],
)
def test_hooks_that_are_none(project: Path, hook: str, says: str) -> None:
    with pytest.raises(TargetError) as caught:
        loaded("work:nothing", setup=hook)
    assert says in str(caught.value)
