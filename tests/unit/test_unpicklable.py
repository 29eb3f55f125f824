"""Naming the part of an object that cannot be pickled."""

from __future__ import annotations

import functools
import pickle
import re
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.unpicklable import explain

LOCK = threading.Lock()
BECAUSE = "(cannot pickle '_thread.lock' object)"


class Session:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def get(self) -> None: ...


class Slotted:
    __slots__ = ("lock",)

    def __init__(self) -> None:
        self.lock = LOCK


class Careful(Session):
    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "lock"}


class Refuses:
    def __reduce__(self) -> str:
        raise ValueError("not to be copied")


def local() -> Any:
    def inner() -> None: ...

    return inner


def circle() -> Session:
    made = Session(name="ring")
    made.first, made.lock = made, LOCK  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (LOCK, "it"),
        ([1, (2, LOCK)], "its [1][1]"),
        ({"pool": {"name": "x", "lock": LOCK}}, "its ['pool']['lock']"),
        ({LOCK: 1}, "its key"),
        ({"all": {1, LOCK}}, "its ['all'] member"),
        (Session(session=Session(name="x", lock=LOCK)), "its .session.lock"),
        (Slotted(), "its .lock"),
        (Careful(lock=LOCK, inner=[LOCK]), "its .inner[0]"),
        (Session(lock=LOCK).get, "its .__self__.lock"),
        (functools.partial(print, 1, Session(lock=LOCK)), "its .args[1].lock"),
        (functools.partial(print, end=LOCK), "its .keywords['end']"),
        (circle(), "its .lock"),
    ],
)
def test_the_path_to_a_lock(value: Any, path: str) -> None:
    assert explain("an argument", value) == f"an argument cannot be pickled: {path} is a _thread.lock {BECAUSE}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (lambda: 1, r"it is the lambda in line \d+ of tests.unit.test_unpicklable"),
        (local(), r"it is the function local.<locals>.inner, which is defined inside another"),
        (Session(call=local()), r"its .call is the function local.<locals>.inner, which is defined inside another"),
        ((number for number in "12"), r"it is a generator \(cannot pickle 'generator' object\)"),
        ([Refuses()], r"its \[0\] is a tests.unit.test_unpicklable.Refuses \(not to be copied\)"),
        (type("Gone", (), {}), r"it is the class tests.unit.test_unpicklable.Gone \(Can't pickle"),
    ],
)
def test_what_the_part_is(value: Any, told: str) -> None:
    explained = explain("the function", value)
    assert explained is not None
    assert re.match(f"the function cannot be pickled: {told}", explained), explained


plain = st.recursive(
    st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_what_can_be_pickled_has_no_such_part(value: Any) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    assert explain("an argument", value) is None


@given(plain, st.integers(0, 10))
def test_a_lock_is_found_however_deep(value: Any, depth: int) -> None:
    hidden: Any = LOCK
    for _ in range(depth):
        hidden = [value, hidden]
    path = "its " + "[1]" * depth if depth else "it"
    assert explain("an argument", hidden) == f"an argument cannot be pickled: {path} is a _thread.lock {BECAUSE}"


def test_what_is_too_deep_for_pickle_is_said_as_it_is() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    explained = explain("an argument", deep)
    assert explained is not None
    assert explained.startswith("an argument cannot be pickled: it is a list (")
