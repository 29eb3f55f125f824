"""A small service with two mistakes: an event loop that answers requests, and a thread pool that it hands work to.

``python -m gilscope.examples.contended [SECONDS]`` serves made-up requests for so long, and says how many.
"""

from __future__ import annotations

import asyncio
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

__all__ = ["answer", "compress", "main", "read_settings", "tokenize"]

TEXT = "the quick brown fox jumps over the lazy dog " * 2_000
WORKERS = 2


def tokenize(text: str) -> int:
    """Count words, in Python: with the GIL."""
    words: dict[str, int] = {}
    for word in text.split():
        words[word] = words.get(word, 0) + len(word)
    return len(words)


def compress(text: str) -> int:
    """Without the GIL."""
    return len(zlib.compress(text.encode() * 4))


def read_settings() -> None:
    """A blocking call, where the loop should run on."""
    time.sleep(0.03)


async def answer(number: int, pool: ThreadPoolExecutor) -> int:
    """One request."""
    if number % 20 == 0:
        read_settings()
    loop = asyncio.get_running_loop()
    work = (loop.run_in_executor(pool, task, TEXT) for task in (tokenize, tokenize, tokenize, compress))
    return sum(await asyncio.gather(*work))


async def serve(seconds: float) -> int:
    """As many requests as come in so long, one every few milliseconds at most."""
    until, number = time.monotonic() + seconds, 0
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="worker") as pool:
        while time.monotonic() < until:
            await asyncio.gather(answer(number, pool), asyncio.sleep(0.005))
            number += 1
    return number


def main() -> None:
    """Serve for the seconds that are asked for."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    sys.stdout.write(f"{asyncio.run(serve(seconds))} requests answered\n")


if __name__ == "__main__":
    main()
