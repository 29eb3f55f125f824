"""A WSGI service whose pages do different things: ``gunicorn --threads 8 pages:app``."""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from typing import Any

ROWS = [{"number": number, "name": f"part {number}", "price": number * 1.25} for number in range(20_000)]
lock = threading.Lock()


def render() -> bytes:
    """In C, with the GIL."""
    return json.dumps(ROWS).encode()


def total() -> bytes:
    """In Python."""
    amount = 0.0
    for _ in range(20):
        for row in ROWS:
            amount += row["price"]  # type: ignore[operator]
    return str(amount).encode()


def packed() -> bytes:
    """In C, without the GIL."""
    return zlib.compress(b"part" * 500_000, 9)


def counted() -> bytes:
    """One at a time."""
    with lock:
        time.sleep(0.01)
    return b"counted"


PAGES: dict[str, Callable[[], bytes]] = {"/render": render, "/total": total, "/packed": packed, "/counted": counted}


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = PAGES[environ["PATH_INFO"]]()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
