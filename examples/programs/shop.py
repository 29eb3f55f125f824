"""A shop's HTTP service, slow in two ways: ``uvicorn shop:app``."""

from __future__ import annotations

import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

REVIEWS = ("arrived late but works and the box was fine " * 6_000, "would buy again at this price " * 8_000)


def tokenize(text: str) -> dict[str, int]:
    """How often each word occurs."""
    words: dict[str, int] = {}
    for word in text.lower().split():
        word = word.strip(".,;:!?")
        words[word] = words.get(word, 0) + 1
    return words


def words_of(request: Request) -> JSONResponse:
    """Not async: Starlette calls it in its thread pool."""
    return JSONResponse({"words": sum(len(tokenize(review)) for review in REVIEWS)})


def read_stock() -> dict[str, int]:
    """Asks a slow neighbour, and waits for the answer."""
    time.sleep(0.03)
    return {"left": 7}


async def stock(request: Request) -> JSONResponse:
    """Runs on the event loop, and so does what it calls."""
    return JSONResponse(read_stock())


async def health(request: Request) -> JSONResponse:
    """What the load balancer asks."""
    return JSONResponse({"well": True})


app = Starlette(routes=[Route("/words", words_of), Route("/stock", stock), Route("/health", health)])
