"""A pool of threads or processes beside an event loop, for a caller that is a coroutine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.snippets.callee import batched, callee
from gilscope.decide.snippets.layout import Block, Call, comprehension
from gilscope.decide.snippets.workers import opening, with_hooks

if TYPE_CHECKING:
    from gilscope.decide.snippets.facts import Setup
    from gilscope.decide.snippets.layout import Statement
    from gilscope.decide.snippets.program import Program

__all__ = ["offloaded"]


def offloaded(program: Program, setup: Setup, way: str, *, own_threads: bool) -> None:
    """``loop.run_in_executor`` for each call, or for each batch of calls where those of a process pool pay in chunks.

    The pool is not a context here: leaving that would wait for the calls still running, and stop the loop.
    """
    name = callee(program)
    in_batches = way == "process" and setup.chunksize > 1
    if in_batches:
        program.define("def call_batch(batch):", comprehension("return [", f"{name}(item)", "for item in batch"))
    before, pool = opening(program, setup, way, own_threads=own_threads)
    program.module("asyncio")
    program.on_loop = True
    calls = _batches(setup.chunksize) if in_batches else _singles(name)
    body: tuple[Statement, ...] = (
        *before,
        Call(f"pool = {pool.head}", pool.arguments, ")"),
        "loop = asyncio.get_running_loop()",
        Block("try:", calls),
        Block("finally:", ("pool.shutdown(wait=False, cancel_futures=True)",)),
    )
    program.run_all(*(with_hooks(program, *body) if way == "thread" else body))


def _singles(name: str) -> tuple[Statement, ...]:
    made = f"loop.run_in_executor(pool, {name}, item)"
    return (
        comprehension("calls = [", made, "for item in inputs"),
        "return await asyncio.gather(*calls)",
    )


def _batches(chunksize: int) -> tuple[Statement, ...]:
    return (
        *batched(chunksize),
        "calls = [loop.run_in_executor(pool, call_batch, batch) for batch in batches]",
        "return [result for done in await asyncio.gather(*calls) for result in done]",
    )
