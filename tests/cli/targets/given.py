"""Inputs of every sort, for one function."""

import itertools
import threading
import time
from collections.abc import Iterator


def take(item: object) -> None:
    time.sleep(0.005)


EMPTY: list[int] = []
ENDLESS = itertools.count()
MANY = range(10_000_000)
UNPICKLABLE = [threading.Lock(), threading.Lock()]
TEXT = "abc"
NUMBER = 7


def raising() -> Iterator[int]:
    yield 1
    raise RuntimeError("the inputs ran dry")
