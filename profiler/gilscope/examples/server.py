"""A web server for the examples: answers every request after 50 ms, on a free port of this machine only.

Runs as a process of its own, so that it does not share a GIL with what is measured; writes its port to
standard output and ends when its standard input does. Whoever started it holds the other end of that pipe, and the
operating system closes it however that process ends. Uses nothing but the standard library.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading

DELAY_S = 0.050
_BACKLOG = 256


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection, which carries one request."""
    try:
        request = await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(DELAY_S)
        writer.write(response_to(request))
        await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return  # the client left, or does not speak HTTP
    finally:
        writer.close()


def response_to(request: bytes) -> bytes:
    """The whole response: a page that names its path, or 405 for anything but GET."""
    method, _, rest = request.partition(b" ")
    path = rest.partition(b" ")[0].decode("latin-1").encode("ascii", "replace")
    status, page = (b"200 OK", b"This is " + path) if method == b"GET" else (b"405 Method Not Allowed", b"")
    lines = (b"HTTP/1.0 " + status, b"Content-Type: text/plain", b"Content-Length: %d" % len(page), b"", page)
    return b"\r\n".join(lines)


async def serve() -> None:
    """Serve until the process ends."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=_BACKLOG)
    port: int = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.serve_forever()


def _end_with_stdin() -> None:
    """No tidying up: a process that ends leaves nothing, and a client that hangs must not keep it alive."""
    while os.read(0, 4096):
        continue
    os._exit(0)


def main() -> None:
    """Run the server."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends whoever started it, and so this
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    asyncio.run(serve())


if __name__ == "__main__":
    main()
