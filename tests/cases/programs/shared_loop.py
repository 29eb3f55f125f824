"""A synchronous client over an asynchronous one: one event loop of the module runs every call to its end.

A second thread finds that loop running, and its call fails at once.

    gilscope analyze shared_loop:fetch --inputs shared_loop:INPUTS
"""

import asyncio

_loop = asyncio.new_event_loop()


async def _fetch(milliseconds: int) -> int:
    await asyncio.sleep(milliseconds / 1000)
    return milliseconds * 2


def fetch(milliseconds: int) -> int:
    work = _fetch(milliseconds)
    try:
        return _loop.run_until_complete(work)
    finally:
        work.close()


INPUTS = [15, 20, 25, 30] * 12
