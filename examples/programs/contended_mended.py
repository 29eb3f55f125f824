"""The service of ``gilscope.examples.contended`` without its mistakes: processes compute, and what waits is awaited.

``python contended_mended.py [SECONDS]`` serves made-up requests for so long, and says how many.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from gilscope.examples.contended import TEXT, WORKERS, compress, read_settings, tokenize


async def answer(number: int, pool: ProcessPoolExecutor) -> int:
    """One request."""
    if number % 20 == 0:
        await asyncio.to_thread(read_settings)
    loop = asyncio.get_running_loop()
    words = (loop.run_in_executor(pool, tokenize, TEXT) for _ in range(3))
    return sum(await asyncio.gather(*words, asyncio.to_thread(compress, TEXT)))


async def serve(seconds: float) -> int:
    """As many requests as come in so long, one every few milliseconds at most."""
    until, number = time.monotonic() + seconds, 0
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        while time.monotonic() < until:
            await asyncio.gather(answer(number, pool), asyncio.sleep(0.005))
            number += 1
    return number


if __name__ == "__main__":
    print(asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)), "requests answered")
