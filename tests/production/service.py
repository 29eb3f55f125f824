"""A small service, and load for it: endpoints of each kind that an engineer on call meets, run by uvicorn in a process.

``serving()`` starts it and waits until it answers; ``load()`` asks it for pages, many at a time. It ends with the
process that started it: its standard input is closed then. ``FLUSH=1`` in its environment has it write its profiles
when it shuts down, ``LOOP=uvloop`` lets it run on that loop.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gilscope import classify
from gilscope.production.recording import flush

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

ROOT = Path(__file__).parents[2]
#: What an endpoint computes for, or sleeps for: well beyond 20 ms, from which on a block is looked at.
BUSY_S = 0.03
#: Threads of the executor that `in_executor` uses: fewer than a load asks for at once.
THREADS = 2
_executor = ThreadPoolExecutor(THREADS)


def spin(seconds: float = BUSY_S) -> int:
    """Compute in Python for so much CPU."""
    end, turns = time.thread_time() + seconds, 0
    while time.thread_time() < end:
        turns += 1
    return turns


# ---- what the endpoints do ----


@classify
async def computes() -> None:
    """Computes on the loop."""
    spin()


@classify
async def sleeps() -> None:
    """Sleeps on the loop."""
    time.sleep(BUSY_S)


@classify
async def awaits() -> None:
    """As it should be: the loop is free meanwhile."""
    await asyncio.sleep(BUSY_S)


@classify
def blocks() -> None:
    """Blocking I/O, in a thread of the framework's."""
    time.sleep(BUSY_S)


@classify
def waits_in_thread() -> None:
    """What `in_executor` hands over."""
    time.sleep(BUSY_S)


@classify
async def in_executor() -> None:
    """Blocking I/O in an executor with few threads."""
    await asyncio.get_running_loop().run_in_executor(_executor, waits_in_thread)


@classify
async def to_thread() -> None:
    """Computes in a thread of the loop's default executor."""
    await asyncio.to_thread(spin)


def _app() -> Any:
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    endpoints = (computes, sleeps, awaits, in_executor, to_thread)

    async def page(request: Request) -> Response:
        name = request.path_params["name"]
        if name == "blocks":
            await run_in_threadpool(blocks)  # what FastAPI and Starlette do with an endpoint that is no coroutine
        else:
            await next(each for each in endpoints if each.__name__ == name)()
        return PlainTextResponse(name)

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        yield
        if "FLUSH" in os.environ:
            flush()

    return Starlette(routes=[Route("/{name}", page)], lifespan=lifespan)


# ---- running it ----


def main() -> None:
    """Serve on a free port of this machine, which is written to standard output; end when standard input does."""
    import uvicorn

    threading.Thread(target=_end_with_stdin, daemon=True).start()
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(_app(), log_level="error", loop=os.environ.get("LOOP", "asyncio"))
    uvicorn.Server(config).run(sockets=[listening])


def _end_with_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


@dataclass
class Service:
    """A service that answers."""

    process: subprocess.Popen[str]
    port: int

    def get(self, name: str) -> float:
        """Ask for a page; the seconds until it came."""
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", f"/{name}")
        answer = connection.getresponse()
        assert (answer.status, answer.read().decode()) == (200, name)
        connection.close()
        return time.perf_counter() - began

    def load(self, name: str, times: int, at_once: int = 1) -> list[float]:
        """Ask ``times`` times, so many at once; how long each took, in seconds."""
        with ThreadPoolExecutor(at_once) as clients:
            return list(clients.map(self.get, [name] * times))

    def end(self) -> None:
        """As a process manager ends it: gracefully."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Service]:
    """The service in a process of its own, which records its profiles to ``folder``."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.production.service"],
        env={**os.environ, "GILSCOPE_OUT": str(folder), **environment},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        service = Service(process, int(process.stdout.readline()))
        try:
            yield service
        finally:
            service.end()


if __name__ == "__main__":
    # Under its own name, not as __main__: reports name the functions by it.
    from tests.production import service

    service.main()
