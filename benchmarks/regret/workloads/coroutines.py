"""Coroutine functions, well-behaved and not."""

from __future__ import annotations

import asyncio
import json
import time
import weakref

from benchmarks.regret.services import address
from benchmarks.regret.workload import workload

NUMBERS = list(range(8))


@workload(inputs="NUMBERS", expect="io-bound", kind="coroutine", why="hundreds at a time on one loop")
async def async_sleep(_: int) -> None:
    await asyncio.sleep(0.010)


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_idle: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Streams]] = weakref.WeakKeyDictionary()


async def _get(path: str) -> bytes:
    """A page, over a connection of this loop's that nobody uses."""
    idle = _idle.setdefault(asyncio.get_running_loop(), [])
    host, port = address("http").split(":")
    reader, writer = idle.pop() if idle else await asyncio.open_connection(host, int(port))
    writer.write(b"GET %s HTTP/1.1\r\n\r\n" % path.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    page = await reader.readexactly(length)
    idle.append((reader, writer))
    return page


@workload(
    inputs="NUMBERS",
    expect="io-bound/network",
    kind="coroutine",
    why="a loop's own network, until its Python is the limit",
)
async def async_get(_: int) -> int:
    return len(await _get("/wait/10"))


@workload(
    inputs="NUMBERS",
    expect="io-bound/sleep",
    kind="coroutine, bad",
    why="time.sleep stops the loop: only more loops help",
)
async def async_time_sleep(_: int) -> None:
    time.sleep(0.005)  # the fault that is to be found


@workload(inputs="NUMBERS", expect="compute-bound/python", kind="coroutine, bad", why="Python CPU that never awaits")
async def async_python(number: int) -> int:
    return sum(i * number for i in range(40_000))


_TEXT = json.dumps([{"id": n, "words": ["some", "words"] * 4} for n in range(800)])


@workload(
    inputs="NUMBERS",
    expect="compute-bound/python",
    kind="coroutine, bad",
    why="one long hold of the GIL between two awaits",
)
async def async_json(_: int) -> int:
    await asyncio.sleep(0)
    return len(json.loads(_TEXT))


@workload(
    inputs="NUMBERS",
    expect="io-bound",
    kind="coroutine",
    why="asyncio.to_thread: the loop's default pool is the limit, not the loop",
)
async def async_to_thread(_: int) -> None:
    await asyncio.to_thread(time.sleep, 0.005)


@workload(inputs="NUMBERS", expect="io-bound", kind="coroutine", why="a sixth Python: six at a time fill the loop")
async def async_mixed(number: int) -> int:
    await asyncio.sleep(0.003)
    return sum(i * number for i in range(10_000))
