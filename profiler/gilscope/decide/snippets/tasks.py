"""What the programs for all task queues have in common: a task, and the inputs it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.snippets.callee import batched, callee
from gilscope.decide.snippets.layout import comprehension

if TYPE_CHECKING:
    from gilscope.decide.snippets.layout import Statement
    from gilscope.decide.snippets.program import Program

__all__ = ["add_broker", "define_task", "module_name", "over_tasks"]


def module_name(program: Program) -> str:
    """What the program is to be saved as, for the workers to import: no name that a module of the user's has."""
    facts = program.facts
    places = (facts.inputs, facts.setup, facts.teardown)
    taken = {facts.module, *(place.module for place in places if place is not None)}
    return "queue_tasks" if any(name.partition(".")[0] == "tasks" for name in taken) else "tasks"


def add_broker(program: Program) -> str:
    """The assignment of ``broker``, an address."""
    program.module("os")
    return 'broker = os.environ.get("BROKER_URL", "redis://localhost:6379/0")'


def define_task(program: Program, chunksize: int, decorator: str = "") -> None:
    """``perform``, the task: one call, or a batch of calls."""
    name = callee(program)
    if chunksize > 1:
        calls = comprehension("return [", f"{name}(item)", "for item in batch")
        program.define(f"{decorator}def perform(batch):", calls)
    else:
        program.define(f"{decorator}def perform(item):", f"return {name}(item)")


def over_tasks(chunksize: int, send: str, fetch: str) -> tuple[Statement, ...]:
    """The statements that send a task for each input or batch, and return the results: ``send`` is an expression with
    ``{}`` for the input, ``fetch`` one for the result of a ``task``."""
    if chunksize == 1:
        return (
            comprehension("sent = [", send.format("item"), "for item in inputs"),
            comprehension("return [", fetch, "for task in sent"),
        )
    return (
        *batched(chunksize),
        comprehension("sent = [", send.format("batch"), "for batch in batches"),
        comprehension("return [", "result", f"for task in sent for result in {fetch}"),
    )
