"""An event loop, and a thread beside it that calls into C.

``python held.py json|sorted|re|driver|stuck|hash [SECONDS]`` says how late the loop was at worst.
"""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import json
import random
import re
import sys
import time

ROWS = {str(number): [number] * 5 for number in range(60_000)}
NUMBERS = [random.random() for _ in range(300_000)]
LIBRARY = ctypes.PyDLL(None)


def dump() -> object:
    """With the GIL, until it is done."""
    return json.dumps(ROWS)


def sort() -> object:
    """With the GIL, until it is done."""
    return sorted(NUMBERS)


def match() -> object:
    """With the GIL, until it is done."""
    return re.match(r"(a|aa)+$", "a" * 28 + "b")


def query() -> object:
    """A driver that waits for its answer with the GIL."""
    return LIBRARY.usleep(100_000)


def stuck() -> object:
    """One that gets no answer for long."""
    return LIBRARY.sleep(10)


def digest() -> object:
    """Without the GIL."""
    return hashlib.sha256(bytes(10_000_000)).digest()


WORK = {"json": dump, "sorted": sort, "re": match, "driver": query, "stuck": stuck, "hash": digest}


async def ticks(seconds: float) -> float:
    """How late it went on at worst, of all times that it wanted to after a millisecond."""
    worst, until = 0.0, time.monotonic() + seconds
    while (began := time.monotonic()) < until:
        await asyncio.sleep(0.001)
        worst = max(worst, time.monotonic() - began - 0.001)
    return worst


async def calls(name: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.to_thread(WORK[name])


async def main(name: str, seconds: float) -> None:
    print("begins", flush=True)
    worst, _ = await asyncio.gather(ticks(seconds), calls(name, seconds))
    print(f"at worst {1000 * worst:.0f} ms late", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 3.0))
