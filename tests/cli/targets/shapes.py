"""Callables of every shape."""

import functools
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator


def _make(seconds: float) -> Callable[[], None]:
    def closure() -> None:
        time.sleep(seconds)

    return closure


class Napper:
    def __init__(self, seconds: float = 0.005) -> None:
        self.seconds = seconds

    def __call__(self) -> None:
        time.sleep(self.seconds)

    def nap(self) -> None:
        time.sleep(self.seconds)


class Needy:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def nap(self) -> None:
        time.sleep(self.seconds)


anonymous = lambda: time.sleep(0.005)  # noqa: E731
closure = _make(0.005)
partial = functools.partial(time.sleep, 0.005)
bound = Napper().nap
instance = Napper()
builtin = math.factorial
NUMBERS = [300, 400]
NOT_CALLABLE = 3


def generator() -> Iterator[int]:
    for number in range(3):
        time.sleep(0.001)
        yield number


async def async_generator() -> AsyncIterator[int]:
    import asyncio

    for number in range(3):
        await asyncio.sleep(0.001)
        yield number
