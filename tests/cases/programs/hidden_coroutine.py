"""A coroutine function behind a decorator that is a plain function: a call gives a coroutine, and nothing says so.

gilscope analyze hidden_coroutine:fetch --inputs hidden_coroutine:INPUTS --context async
"""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

CALLS = 0


def counted(func: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        global CALLS
        CALLS += 1
        return func(*args, **kwargs)

    return wrapper


@counted
async def fetch(milliseconds: int) -> int:
    await asyncio.sleep(milliseconds / 1000)
    return milliseconds * 2


INPUTS = [15, 20, 25, 30] * 16
