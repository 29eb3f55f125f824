"""Decorated functions of every kind, importable by worker processes."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from gilscope import classify

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator


@classify
def add(a: int, /, b: int = 2, *rest: int, c: int = 3, **more: int) -> int:
    """Add numbers."""
    return a + b + sum(rest) + c + sum(more.values())


@classify(name="square")
def square(n: int) -> int:
    return n * n


@classify
def fib(n: int) -> int:
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@classify
def fails(when: bool = True) -> None:
    if when:
        raise ValueError("as asked")


@classify
def nap(seconds: float) -> None:
    time.sleep(seconds)


@classify
def naps(seconds: float) -> None:
    nap(seconds)


@classify
def listen(seconds: float) -> None:
    """Wait for a socket on which nothing comes."""
    here, there = socket.socketpair()
    with here, there, suppress(TimeoutError):
        here.settimeout(seconds)
        here.recv(1)


@classify
def spin(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@classify
async def doze(seconds: float, block: float = 0.0) -> float:
    time.sleep(block)
    await asyncio.sleep(seconds)
    return seconds


@classify
async def countdown(n: int) -> int:
    return 0 if n == 0 else 1 + await countdown(n - 1)


@classify
def numbers(n: int) -> Generator[int, None, str]:
    yield from range(n)
    return "done"


@classify
def echo() -> Iterator[object]:
    got = None
    while True:
        try:
            got = yield got
        except KeyError as error:
            got = error


@classify
async def ticks(n: int, block: float = 0.0) -> AsyncIterator[int]:
    for i in range(n):
        time.sleep(block)
        await asyncio.sleep(0)
        yield i


@classify
async def async_echo() -> AsyncIterator[object]:
    got: object = None
    while True:
        try:
            got = yield got
        except KeyError as error:
            got = error


class Shop:
    """Methods of every kind, decorated above and below."""

    def __init__(self, price: int = 5) -> None:
        self.price = price

    @classify
    def total(self, n: int) -> int:
        return n * self.price

    @classify
    @classmethod
    def above(cls, n: int) -> Shop:
        return cls(n)

    @classmethod
    @classify
    def below(cls, n: int) -> Shop:
        return cls(n)

    @classify
    @staticmethod
    def static_above(n: int) -> int:
        return n + 1

    @staticmethod
    @classify
    def static_below(n: int) -> int:
        return n + 2
