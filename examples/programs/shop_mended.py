"""The shop's service without its two mistakes: ``uvicorn shop_mended:app``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shop import REVIEWS, health, read_stock, tokenize  # type: ignore[import-not-found]


@contextlib.asynccontextmanager
async def pool(app: Starlette) -> AsyncIterator[dict[str, ProcessPoolExecutor]]:
    """Processes for what computes, as long as the service runs."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        yield {"processes": processes}


async def words_of(request: Request) -> JSONResponse:
    """Computes in other processes: this one's GIL is free."""
    loop, processes = asyncio.get_running_loop(), request.state.processes
    found = await asyncio.gather(*(loop.run_in_executor(processes, tokenize, review) for review in REVIEWS))
    return JSONResponse({"words": sum(map(len, found))})


async def stock(request: Request) -> JSONResponse:
    """Waits beside the event loop."""
    return JSONResponse(await asyncio.to_thread(read_stock))


app = Starlette(routes=[Route("/words", words_of), Route("/stock", stock), Route("/health", health)], lifespan=pool)
