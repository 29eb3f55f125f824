"""A pool of threads or processes, for a plain caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.snippets.callee import callee
from gilscope.decide.snippets.layout import Block, Call
from gilscope.decide.snippets.workers import opening, with_hooks

if TYPE_CHECKING:
    from gilscope.decide.snippets.facts import Setup
    from gilscope.decide.snippets.layout import Statement
    from gilscope.decide.snippets.program import Program

__all__ = ["pooled"]


def pooled(program: Program, setup: Setup, way: str, *, own_threads: bool) -> None:
    """``pool.map`` over the inputs."""
    name = callee(program)
    before, pool = opening(program, setup, way, own_threads=own_threads)
    chunk = (f"chunksize={setup.chunksize}",) if way == "process" and setup.chunksize > 1 else ()
    calls = Call("return list(", (Call("pool.map(", (name, "inputs", *chunk), ")"),), ")")
    body: tuple[Statement, ...] = (*before, Block(Call(f"with {pool.head}", pool.arguments, ") as pool:"), (calls,)))
    program.run_all(*(with_hooks(program, *body) if way == "thread" else body))
