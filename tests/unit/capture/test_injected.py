"""Code of 3.11 that begins with one more call is otherwise what it was."""

from __future__ import annotations

import asyncio
import inspect
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.capture.function import arguments_of
from gilscope.capture.injected import _shifted, _varint, _varints, with_call

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 12), reason="later Pythons tell of calls themselves")

SEEN: list[Any] = []


def seen() -> None:
    SEEN.append(arguments_of(sys._getframe(1))[0])


def changed(function: Any) -> Any:
    code = with_call(function.__code__, seen)
    assert code is not None
    function.__code__ = code
    return function


def outer(base: int) -> Callable[..., Any]:
    def caught(divisor: int, *more: int, scale: int = 1, **rest: int) -> Any:
        try:
            return (base + scale) / divisor, (lambda: divisor)(), [base for _ in more], rest
        except ZeroDivisionError:
            for _ in range(2):
                try:
                    raise ValueError("inner")
                except ValueError as error:
                    return str(error)
        finally:
            scale += 1

    return caught


def numbers(count: int) -> Any:
    try:
        for number in range(count):
            got = yield number
            if got:
                raise got
    except KeyError:
        yield "caught"


async def waits(seconds: float) -> str:
    try:
        await asyncio.wait_for(asyncio.sleep(10), seconds)
    except TimeoutError:
        return "timed out"
    return "slept"


def fails(text: str) -> None:
    marked = text.upper()
    raise RuntimeError(marked)


class Shop:
    def __init__(self, price: int) -> None:
        self.price = price

    def __reduce__(self) -> Any:
        return Shop, (super().__class__ and self.price,)


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    SEEN.clear()


def test_closures_handlers_and_every_sort_of_argument_work_and_are_seen() -> None:
    plain, injected = outer(5), changed(outer(5))
    for args, kwargs in [((2,), {}), ((0,), {"scale": 3}), ((4, 5, 6), {"scale": 2, "other": 7})]:
        assert injected(*args, **kwargs) == plain(*args, **kwargs)
    assert SEEN == [
        ((2,), {"scale": 1}),
        ((0,), {"scale": 3}),
        ((4, 5, 6), {"scale": 2, "other": 7}),
    ]
    assert inspect.signature(injected) == inspect.signature(plain)


def test_generators_and_coroutines_work_and_are_seen_at_their_first_step() -> None:
    made = changed(numbers)(3)
    assert SEEN == []
    assert (next(made), made.send(None), made.throw(KeyError()), list(made)) == (0, 1, "caught", [])
    assert asyncio.run(changed(waits)(0.001)) == "timed out"
    assert SEEN == [((3,), {}), ((0.001,), {})]


def test_tracebacks_are_the_same_to_the_column() -> None:
    told = []
    for _ in range(2):
        with pytest.raises(RuntimeError) as raised:
            fails("text")
        told.append(traceback.format_exception(raised.value)[-2:])
        if not SEEN:
            changed(fails)
    assert told[0] == told[1]
    assert SEEN == [((("text",)), {})]


def test_a_method_that_names_its_class_works() -> None:
    shop = Shop(3)
    changed(Shop.__reduce__)
    assert shop.__reduce__() == (Shop, (3,))
    assert [((shop,), {})] == SEEN


def test_code_with_more_constants_than_a_byte_tells_works() -> None:
    names: dict[str, Any] = {}
    exec("def many(n):\n return [" + ",".join(f"n + {number}.5" for number in range(300)) + "]", names)
    assert changed(names["many"])(1)[-1] == 300.5
    assert SEEN == [((1,), {})]


@given(st.lists(st.tuples(*[st.integers(0, 10**6)] * 4), max_size=5), st.integers(0, 100), st.integers(0, 20))
def test_the_table_of_handlers_is_moved_and_nothing_else(
    entries: list[tuple[int, int, int, int]], at: int, units: int
) -> None:
    table = b""
    for entry in entries:
        made = b"".join(map(_varint, entry))
        table += bytes([made[0] | 0x80]) + made[1:]
    numbers = list(_varints(_shifted(table, at, units)))
    for number, (begins, length, target, rest) in enumerate(entries):
        moved = numbers[4 * number : 4 * number + 4]

        def shift(place: int) -> int:
            return place + units if place >= at else place

        assert moved == [shift(begins), shift(begins + length) - shift(begins), shift(target), rest]
