"""Digests: equal values have the same one, other values another, and what is no plain data has none."""

from __future__ import annotations

import collections
import enum
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.digest import MOST_BYTES, MOST_PARTS, digest

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(width=16), st.text(max_size=8), st.binary(max_size=8)
)
hashable = st.recursive(scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5)
plain = st.recursive(
    scalars | hashable,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hashable, inner, max_size=4) | st.tuples(inner),
    max_leaves=10,
)


def shuffled(value: Any) -> Any:
    """The same value made another way: dicts and sets filled from the other end."""
    if isinstance(value, dict):
        return {key: shuffled(part) for key, part in reversed(value.items())}
    if isinstance(value, list | tuple):
        return type(value)(map(shuffled, value))
    return type(value)(reversed(list(value))) if isinstance(value, frozenset) else value


@given(plain)
def test_equal_values_have_one_digest(value: Any) -> None:
    assert digest(value) is not None
    assert digest(value) == digest(shuffled(value))


def same(one: Any, other: Any) -> bool:
    return digest(one) == digest(other)


@given(plain, plain)
def test_other_values_have_another_digest(one: Any, other: Any) -> None:
    assert same(one, other) or one != other or repr(one) != repr(other)  # (False,) == (0,)
    assert same([one, other], [other, one]) == same(one, other)
    assert not same(one, [one])
    assert not same((one,), [one])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True), (0, None), (1, 1.0), ("a", b"a"), (["ab"], ["a", "b"]), (["a", "b"], ["a", ["b"]]),
        ({1: 2}, {2: 1}), ([[], [1]], [[1], []]), (0.1, 0.1 + 1e-6), ([], ()), ({}, set()), ("", None),
        (np.zeros(3), np.zeros(4)), (np.zeros((2, 3)), np.zeros((3, 2))), (np.zeros(2), np.zeros(2, "i8")),
        (np.arange(3), np.arange(3)[::-1]), (np.ones(3), [1.0, 1.0, 1.0]),
    ],
)  # fmt: skip
def test_values_that_look_alike_are_told_apart(one: Any, other: Any) -> None:
    assert not same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (math.nan, -math.nan), (0.0, -0.0), (0.1 + 0.2, 0.3), (1e300, 1e300 * (1 + 1e-15)), ([math.nan], [math.nan]),
        (complex(0.3, math.nan), complex(0.1 + 0.2, math.nan)),
        (np.array([0.3, np.nan, -0.0]), np.array([0.1 + 0.2, np.nan, 0.0])),
        (np.arange(6)[::2], np.array([0, 2, 4])), (np.float64(0.3), np.float64(0.1 + 0.2)),
    ],
)  # fmt: skip
def test_what_differs_in_no_way_that_counts_is_equal(one: Any, other: Any) -> None:
    assert same(one, other)


class Number(int):
    """No plain data: it may carry anything."""


class Colour(enum.IntEnum):
    RED = 1


NESTED: list[Any] = []
NESTED.append(NESTED)


@pytest.mark.parametrize(
    "value",
    [
        object(), Number(1), Colour.RED, collections.OrderedDict(), [1, [object()]], {1: object()}, len, NESTED,
        [0] * MOST_PARTS, b"x" * (MOST_BYTES + 1), "x" * (MOST_BYTES + 1), 1 << (8 * MOST_BYTES + 1),
        np.zeros(MOST_BYTES), np.array([object()]), np.array(["text"]), np.zeros(2).view(np.recarray),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_no_plain_data_or_too_much_of_it_has_none(value: Any) -> None:
    assert digest(value) is None


def test_what_is_just_small_enough_has_one() -> None:
    assert None not in (digest([0] * (MOST_PARTS - 1)), digest(b"x" * MOST_BYTES), digest(1 << (8 * MOST_BYTES - 1)))
