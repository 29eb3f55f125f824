"""What a call turns out to give."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from gilscope.backends.given import Given
from gilscope.records import Kind


async def fetch(number: int) -> int:
    return number


async def stream(number: int) -> AsyncIterator[int]:
    yield number


def count(number: int) -> Iterator[int]:
    yield number


class Awaited:
    """Like what a client of an HTTP library gives."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __await__(self) -> Iterator[Any]:
        return fetch(self.number).__await__()


def scheduled(number: int) -> Awaitable[int]:
    return asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda number: fetch(number), "coroutine"),
        (Awaited, "coroutine"),
        (lambda number: stream(number), "async-generator"),
        (lambda number: count(number), "generator"),
        (lambda number: [number], "sync"),
        (iter, "sync"),
        (lambda number: fetch, "sync"),
    ],
)
def test_the_kind_of_what_is_given(call: Callable[[Any], Any], kind: Kind) -> None:
    given = Given()
    given.noting(call)((1, 2))
    assert (given.kind, given.calls) == (kind, 1)


def test_what_wants_a_running_loop_is_for_coroutines() -> None:
    given = Given()
    with pytest.raises(RuntimeError):
        given.noting(scheduled)(1)
    assert given.kind == "coroutine"


def test_another_failure_tells_nothing() -> None:
    given = Given()
    with pytest.raises(ZeroDivisionError):
        given.noting(lambda number: 1 // number)(0)
    assert given.kind == "sync"


def test_one_awaitable_among_plain_results_is_enough() -> None:
    given = Given()
    call = given.noting(lambda number: fetch(number) if number % 2 else number)
    for number in range(4):
        call(number)
    assert given.kind == "coroutine"
