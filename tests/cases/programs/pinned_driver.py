"""A coroutine that leaves a query to a thread; the driver waits for the answer with the GIL in its hands.

`ctypes.PyDLL` calls C without giving the GIL up, like an extension that forgot to.
"""

import asyncio
import ctypes

_libc = ctypes.PyDLL(None)


def _execute(milliseconds):
    _libc.usleep(milliseconds * 1000)
    return milliseconds


async def query(milliseconds):
    return await asyncio.to_thread(_execute, milliseconds)


INPUTS = [30, 40, 50, 60] * 4
