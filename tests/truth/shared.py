"""Functions of numbers: whose results hold under concurrency, and whose do not."""

from __future__ import annotations

import asyncio
import random
import threading
import time

NUMBERS = list(range(8))
WORDS = {"alpha", "beta", "gamma", "delta"}
LOCKS = [threading.Lock() for _ in range(4)]
_scratch: dict[str, int] = {}


def pure(number: int) -> list[object]:
    time.sleep(0.001)
    return [number, {"square": float(number) ** 2, "nan": float("nan")}]


async def pure_coroutine(number: int) -> int:
    await asyncio.sleep(0.001)
    return number


def tangled(number: int) -> int:
    """Leaves its number where the others leave theirs, and looks again later."""
    _scratch["number"] = number
    time.sleep(0.002)
    return _scratch["number"]


async def tangled_coroutine(number: int) -> int:
    _scratch["number"] = number
    await asyncio.sleep(0.002)
    return _scratch["number"]


def by_chance(number: int) -> float:
    return number + random.random()


def half_by_chance(number: int) -> float:
    return number + (random.random() if number % 2 else 0.0)


def order_of_a_set(number: int) -> list[str]:
    return list(WORDS)


def no_plain_result(number: int) -> object:
    return object()


def raises(number: int) -> int:
    raise ValueError(number)


def takes_lock(lock: threading.Lock) -> int:
    return 1


def drained(number: int):  # type: ignore[no-untyped-def]
    yield number
