"""Coroutines on one event loop, a limited number at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.snippets.callee import callee
from gilscope.decide.snippets.layout import Block, comprehension
from gilscope.decide.snippets.workers import with_hooks

if TYPE_CHECKING:
    from gilscope.decide.snippets.layout import Statement
    from gilscope.decide.snippets.program import Program

__all__ = ["on_loop"]


def on_loop(program: Program, workers: int) -> None:
    """A task for each call, of which ``workers`` run at a time; the first that raises ends the others."""
    name = callee(program, on_loop=True)
    program.on_loop = True
    if workers == 1:
        body: tuple[Statement, ...] = (comprehension("return [", f"await {name}(item)", "for item in inputs"),)
    else:
        body = _limited(program, name, workers)
    program.run_all(*with_hooks(program, *body))


def _limited(program: Program, name: str, workers: int) -> tuple[Statement, ...]:
    program.module("asyncio")
    call = Block("async with slots:", (f"return await {name}(item)",))
    return (
        f"slots = asyncio.Semaphore({workers})\n",
        Block("async def limited(item):", (call, "")),
        Block(
            "async with asyncio.TaskGroup() as group:",
            ("tasks = [group.create_task(limited(item)) for item in inputs]",),
        ),
        "return [task.result() for task in tasks]",
    )
