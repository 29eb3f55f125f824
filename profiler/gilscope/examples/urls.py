"""I/O-bound on the network: pages loaded with urllib, one of them from a host that does not exist.

``gilscope analyze gilscope.examples.urls:load_url --inputs URLS --kwarg timeout=60``

``URLS`` is made when asked for, which starts the local server.
"""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

from gilscope import classify

__all__ = ["URLS", "load_url", "pages"]

URLS: tuple[str, ...]

_PAGES = ("news", "weather", "sports", "culture")


class _NoSuchHost(urllib.request.BaseHandler):
    """Knows without asking that hosts under ``.invalid`` do not exist, as RFC 6761 (section 6.4) wants programs to: a
    name server that is slow, or not there at all, would be what the example measures."""

    handler_order = 100  # before the one that connects

    def http_open(self, request: urllib.request.Request) -> None:
        if request.host.endswith(".invalid"):
            raise urllib.error.URLError(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))


#: Without proxies: what the environment names as a proxy cannot reach this machine's own server.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoSuchHost)


def pages() -> tuple[str, ...]:
    """The pages to load; starts the local server."""
    from gilscope.examples.local import origin

    return (*(f"{origin()}/{page}" for page in _PAGES), "http://does-not-exist.invalid/")


@classify(inputs=pages, kwargs={"timeout": 60})
def load_url(url: str, timeout: float) -> bytes:
    """The page at ``url``.

    :raises OSError: when it cannot be loaded (`urllib.error.URLError`)
    """
    with _OPENER.open(url, timeout=timeout) as connection:
        page: bytes = connection.read()
    return page


def __getattr__(name: str) -> tuple[str, ...]:
    if name != "URLS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return pages()
