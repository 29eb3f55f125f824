"""What other people's functions do: import and connect in the first call, share a loop or a lock, hide that they are
coroutine functions, and wait with the GIL held."""

from __future__ import annotations

import asyncio
import ctypes
import functools
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from benchmarks.regret.services import address
from benchmarks.regret.workload import workload

_local = threading.local()
SIZES = [200_000, 300_000, 400_000] * 12


@workload(
    inputs="SIZES",
    expect="compute-bound/native",
    kind="lazy import",
    why="the first call of a process imports pandas: a hundred times dearer than the later ones",
)
def lazy_pandas(size: int) -> float:
    import pandas as pd

    values = pd.Series(range(64)).reindex(range(size), fill_value=1.5)
    return float((values * values + values).std())


ROWS = [400, 600, 800] * 8


@workload(
    inputs="ROWS",
    expect="compute-bound/python",
    kind="lazy import",
    why="the first call of a process imports and compiles a template; the later ones are Python for processes",
)
def lazy_template(rows: int) -> int:
    from jinja2 import Environment

    template = Environment().from_string("{% for n in range(rows) %}{{ n }}: {{ n * n }} {{ n % 7 }}\n{% endfor %}")
    return len(template.render(rows=rows))


DELAYS = [3, 4, 5] * 40


@workload(
    inputs="DELAYS",
    expect="io-bound/network",
    kind="first connection",
    why="the first call of a thread takes half a second for a token; the later ones 4 ms",
)
def first_connection(milliseconds: int) -> int:
    if not hasattr(_local, "opener"):
        time.sleep(0.5)  # handshakes, discovery, a token
        _local.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with _local.opener.open(f"http://{address('http')}/wait/{milliseconds}") as answer:
        return len(answer.read())


WAITS = [15, 20, 25, 30] * 12


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


@workload(
    inputs="WAITS",
    expect="io-bound/sleep",
    kind="coroutine",
    why="behind a plain decorator: a call gives a coroutine, and nothing says so before",
)
@_counted
async def hidden_coroutine(milliseconds: int) -> int:
    await asyncio.sleep(milliseconds / 1000)
    return milliseconds


_libc = ctypes.PyDLL(None, use_errno=True)  # which keeps the GIL, like an extension that forgot to let it go


def _execute(milliseconds: int) -> int:
    host, port = address("http").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /wait/%d HTTP/1.1\r\nConnection: close\r\n\r\n" % milliseconds)
        buffer = ctypes.create_string_buffer(4096)
        received = int(_libc.recv(connection.fileno(), buffer, len(buffer), 0))
    if received <= 0:
        raise ConnectionError("no answer")
    return milliseconds


@workload(
    inputs="WAITS",
    expect="io-bound/network",
    kind="pinned driver",
    why="a coroutine leaves a query to a thread, whose driver waits with the GIL held: only processes help",
)
async def pinned_driver(milliseconds: int) -> int:
    return await asyncio.to_thread(_execute, milliseconds)


_loop = asyncio.new_event_loop()


@workload(
    inputs="WAITS",
    expect="io-bound/sleep",
    kind="shared loop",
    why="one loop for all threads: in a second thread nearly every call fails, and fast",
)
def shared_loop(milliseconds: int) -> int:
    work = hidden_coroutine(milliseconds)
    try:
        return int(_loop.run_until_complete(work))
    finally:
        work.close()


_licences = threading.BoundedSemaphore(3)


@workload(
    inputs="WAITS",
    expect="io-bound/sleep",
    kind="limiter",
    why="three at a time, says a semaphore: processes would pass it by",
    one_process=True,
)
def limited(milliseconds: int) -> int:
    with _licences:
        time.sleep(milliseconds / 1000)
    return milliseconds


SEEDS = list(range(16))


@workload(
    inputs="SEEDS",
    expect="compute-bound/python",
    kind="slow start",
    why="a process takes seconds to load its libraries; then its calls are Python for processes",
)
def slow_start(seed: int) -> int:
    return sum(_tables()[(seed + n) % 64] for n in range(60_000))


@functools.cache
def _tables() -> list[int]:
    """What is loaded when it is first needed, as a model would be."""
    until = time.process_time() + 1.5
    made = 0
    while time.process_time() < until:
        made += 1
    return list(range(64))
