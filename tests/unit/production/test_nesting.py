"""Functions within one another: who called whom, and CPU that must fit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from gilscope import classify
from gilscope.production import forks
from gilscope.production.merging import merged
from gilscope.production.nesting import nested
from gilscope.production.profile import Profile
from gilscope.production.record import MIN_LOOKED_AT
from tests.unit.production.profiles import make_profile

pytestmark = pytest.mark.interpreter  # callers are found by their frames


@pytest.fixture(autouse=True)
def _anew() -> None:
    forks.forget()


def callee(spec: str, cpu_s: float, *callers: str, looked_at: int = MIN_LOOKED_AT) -> Profile:
    """One that computed so long, in calls from these."""
    return make_profile(spec=spec, clocked_cpu_s=cpu_s, called_from=dict.fromkeys(callers, looked_at))


def cpu_s(*found: Profile) -> list[float | None]:
    return [profile.cpu_s for profile in nested(found)]


def test_a_callee_has_no_more_cpu_than_its_only_caller() -> None:
    found = nested([callee("m:outer", 0.8, ""), callee("m:inner", 0.9, "m:outer")])
    assert [profile.cpu_s for profile in found] == [0.8, 0.8]
    assert [profile.cpu_limit_s for profile in found] == [None, 0.8]


def test_nor_than_the_callers_caller() -> None:
    assert cpu_s(callee("m:a", 0.7, ""), callee("m:b", 0.8, "m:a"), callee("m:c", 0.9, "m:b")) == [0.7, 0.7, 0.7]


@pytest.mark.parametrize(
    "inner",
    [
        callee("m:inner", 0.9, "m:outer", "m:other"),
        callee("m:inner", 0.9, "m:outer", ""),
        callee("m:inner", 0.9, ""),
        callee("m:inner", 0.9),
        callee("m:inner", 0.9, "m:outer", looked_at=MIN_LOOKED_AT - 1),
        callee("m:inner", 0.9, "m:not_recorded"),
    ],
)
def test_one_that_may_be_called_by_others_is_not_limited(inner: Profile) -> None:
    assert cpu_s(callee("m:outer", 0.8, ""), inner) == [0.8, 0.9]


def test_one_of_two_callers_of_a_name_is_not_known() -> None:
    twice = [make_profile(spec="m:outer", clocked_cpu_s=0.1, line=line) for line in (1, 2)]
    assert cpu_s(*twice, callee("m:inner", 0.9, "m:outer")) == [0.1, 0.1, 0.9]


def test_functions_that_call_each_other_end() -> None:
    assert cpu_s(callee("m:a", 0.8, "m:b"), callee("m:b", 0.9, "m:a")) == [0.8, 0.8]


def test_who_called_adds_up_over_processes() -> None:
    parts = [callee("m:inner", 0.9, "m:outer", looked_at=6), callee("m:inner", 0.9, "m:outer", looked_at=6)]
    assert merged(parts)[0].called_from == {"m:outer": 12}
    assert merged(parts)[0].only_caller == "m:outer"
    assert merged([*parts, callee("m:inner", 0.9, "")])[0].only_caller is None


# ---- who is found to call ----


@classify
def inner() -> int:
    return sum(range(100))


def between() -> int:
    return inner()


@classify
def outer() -> int:
    return between()


@classify
async def awaited() -> None:
    await asyncio.sleep(0)


@classify
async def awaiting() -> None:
    await awaited()


@classify
async def handing_over() -> None:
    await asyncio.create_task(awaited())


@classify
def items() -> Iterator[int]:
    yield 1


@classify
def consuming() -> list[int]:
    return list(items())


def in_a_thread() -> None:
    thread = threading.Thread(target=inner)
    thread.start()
    thread.join()


def profile(func: object) -> Profile:
    found: Profile = func.__gilscope__.profile()  # type: ignore[attr-defined]
    return found


def test_a_call_through_others_is_the_nearest_decorated_ones() -> None:
    for _ in range(5000):
        outer()
    assert profile(outer).called_from.keys() == {""}
    assert profile(inner).called_from.keys() == {f"{__name__}:outer"}
    assert profile(inner).only_caller == f"{__name__}:outer"
    assert (profile(inner).cpu_s or 0.0) <= (profile(outer).cpu_s or 0.0)


def test_what_is_awaited_is_called_and_what_is_made_a_task_is_not() -> None:
    asyncio.run(awaiting())
    assert profile(awaited).called_from == {f"{__name__}:awaiting": 1}
    asyncio.run(handing_over())
    assert profile(awaited).called_from == {f"{__name__}:awaiting": 1, "": 1}


def test_another_thread_is_called_by_none() -> None:
    classify(in_a_thread)()
    assert profile(inner).called_from == {"": 1}


@pytest.mark.parametrize(("call", "callee"), [(consuming, items)])
def test_a_generator_has_no_only_caller(call: Callable[[], object], callee: object) -> None:
    for _ in range(MIN_LOOKED_AT):
        call()
    assert profile(callee).called_from.keys() == {f"{__name__}:consuming"}
    assert profile(callee).only_caller is None
