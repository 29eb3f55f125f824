"""Inputs of every sort, for one function."""

import itertools
import threading
import time
from collections.abc import Iterator


def take(item: object) -> None:
    time.sleep(0.005)


ENDLESS = itertools.count()
UNPICKLABLE = [threading.Lock(), threading.Lock()]
TEXT = "abc"


def raising() -> Iterator[int]:
    yield 1
    raise RuntimeError("the inputs ran dry")
