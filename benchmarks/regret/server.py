"""A web server that takes as long as it is told: ``/wait/MS``, and ``/four/MS`` for four requests at a time."""

from __future__ import annotations

import asyncio

__all__ = ["delay_of", "serve"]

_PAGE = b"A page of some bytes.\n" * 20
_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(_PAGE), _PAGE)
_BACKLOG = 1024


async def serve() -> tuple[str, asyncio.Server]:
    """A running server on a free port of this machine only, and its ``host:port``."""
    four = asyncio.Semaphore(4)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:  # connections are kept until the client leaves
                request = await reader.readuntil(b"\r\n\r\n")
                await _wait(request, four)
                writer.write(_RESPONSE)
                if b"Connection: close" in request:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=_BACKLOG)
    host, port = server.sockets[0].getsockname()
    return f"{host}:{port}", server


async def _wait(request: bytes, four: asyncio.Semaphore) -> None:
    limited, seconds = delay_of(request)
    if not limited:
        await asyncio.sleep(seconds)
        return
    async with four:
        await asyncio.sleep(seconds)


def delay_of(request: bytes) -> tuple[bool, float]:
    """Whether the request counts among the four, and its delay in seconds."""
    _, queue, milliseconds = request.split(b" ", 2)[1].split(b"/")
    return queue == b"four", int(milliseconds) / 1000
