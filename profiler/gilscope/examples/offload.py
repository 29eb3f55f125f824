"""The same page loaded in two ways: by a blocking function that a coroutine offloads, and by a coroutine.

``gilscope analyze gilscope.examples.offload:sync_get_url --inputs URLS --context async``
``gilscope analyze gilscope.examples.offload:fetch --inputs URLS``

``URLS`` is made when asked for, which starts the local server.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from gilscope import classify
from gilscope.examples.urls import load_url

__all__ = ["URLS", "fetch", "pages", "sync_get_url"]

URLS: tuple[str, ...]

TIMEOUT_S = 60.0
_PAGES = ("news", "weather", "sports", "culture", "science")


def pages() -> tuple[str, ...]:
    """The pages to load; starts the local server."""
    from gilscope.examples.local import origin

    return tuple(f"{origin()}/{page}" for page in _PAGES)


@classify(inputs=pages)
def sync_get_url(url: str) -> bytes:
    """The page at ``url``; blocks its thread, so a coroutine calls it through ``loop.run_in_executor``.

    :raises OSError: when it cannot be loaded
    """
    return load_url(url, TIMEOUT_S)


@classify(inputs=pages)
async def fetch(url: str) -> bytes:
    """The page at ``url``; waits without blocking the event loop.

    :raises OSError: when it cannot be loaded
    """
    parts = urlsplit(url)
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        try:
            writer.write(f"GET {parts.path or '/'} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
            response = await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()
    return _page(response, url)


def _page(response: bytes, url: str) -> bytes:
    head, _, page = response.partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        raise OSError(f"{url} answered {status or 'nothing'!r}")
    return page


def __getattr__(name: str) -> tuple[str, ...]:
    if name != "URLS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return pages()
