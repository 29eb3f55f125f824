"""The least that a server serves: one page, whose calls are counted."""

from __future__ import annotations

import asyncio
from typing import Any

from gilscope import classify


@classify
async def page() -> bytes:
    """What is served."""
    await asyncio.sleep(0)
    return b"served"


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": await page()})
