"""Plain functions, one call after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.snippets.callee import callee
from gilscope.decide.snippets.layout import comprehension
from gilscope.decide.snippets.workers import with_hooks

if TYPE_CHECKING:
    from gilscope.decide.snippets.program import Program

__all__ = ["one_by_one"]


def one_by_one(program: Program, *, brief: bool) -> None:
    """A loop of calls. On an event loop each is made in a thread, so that the loop goes on; unless calls are
    ``brief``: over sooner than handed over."""
    call = f"{callee(program)}(item)"
    if program.context == "async":
        program.on_loop = True
        if not brief:
            call = f"await asyncio.to_thread({call.removesuffix('(item)')}, item)"
    program.run_all(*with_hooks(program, comprehension("return [", call, "for item in inputs")))
