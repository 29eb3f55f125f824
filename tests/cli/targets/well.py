"""Targets that behave."""

import asyncio
import time

NUMBERS = [50_000] * 20
PAIRS = [(2000, 1), (3000, 2)] * 5


def spin(n: int = 50_000) -> int:
    total = 0
    for number in range(n):
        total += number
    return total


def nap(seconds: float = 0.005) -> None:
    time.sleep(seconds)


async def doze(seconds: float = 0.005) -> None:
    await asyncio.sleep(seconds)


def add(n: int, step: int, *, times: int = 1) -> int:
    return sum(range(0, n, step)) * times


def numbers() -> list[int]:
    return NUMBERS
