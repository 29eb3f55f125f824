"""Targets that are decorated, and a program that calls them."""

import asyncio
import time

from gilscope import classify

NUMBERS = [20_000] * 5


@classify(inputs=NUMBERS)
def spin(n: int) -> int:
    return sum(number * number for number in range(n))


@classify(inputs=lambda: [0.002] * 5, kwargs={"more": 0.001})
def nap(seconds: float, more: float) -> None:
    time.sleep(seconds + more)


@classify(name="dozing")
async def doze(seconds: float) -> None:
    await asyncio.sleep(seconds)


@classify
def tiny() -> None:
    pass


async def doze_often() -> None:
    for _ in range(40):
        await doze(0.001)


def main() -> None:
    for _ in range(40):
        spin(20_000)
        nap(0.02, more=0)
    for _ in range(2000):
        tiny()
    asyncio.run(doze_often())


if __name__ == "__main__":
    main()
