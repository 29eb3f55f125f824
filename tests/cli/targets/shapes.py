"""Callables of every shape."""

import functools
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator


def _make(seconds: float) -> Callable[[], None]:
    def closure() -> None:
        time.sleep(seconds)

    return closure


class Napper:
    def __init__(self, seconds: float = 0.002) -> None:
        self.seconds = seconds

    def __call__(self) -> None:
        time.sleep(self.seconds)

    def nap(self) -> None:
        time.sleep(self.seconds)


closure = _make(0.002)
partial = functools.partial(time.sleep, 0.002)
builtin = gc.collect


def generator() -> Iterator[int]:
    for number in range(3):
        time.sleep(0.001)
        yield number


async def async_generator() -> AsyncIterator[int]:
    import asyncio

    for number in range(3):
        await asyncio.sleep(0.001)
        yield number
