"""What a worker calls with one input: the function itself, or a wrapper of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.snippets.facts import Place
from gilscope.decide.snippets.layout import Call, comprehension

if TYPE_CHECKING:
    from gilscope.decide.snippets.program import Program
    from gilscope.records import Kind

__all__ = ["batched", "callee"]

#: What makes one kind of target a plain function (or a coroutine function, on a loop) that gives all it yields.
_OFF_LOOP: dict[Kind, tuple[str, str]] = {
    "sync": ("", ""),
    "generator": ("list(", ")"),
    "coroutine": ("asyncio.run(", ")"),
}


def callee(program: Program, *, on_loop: bool = False) -> str:
    """The name of a function of one input, defined at the program's top level, where a worker process finds it."""
    facts = program.facts
    function = _function(program)
    plain = not (facts.star or facts.bare or facts.kwargs)
    if plain and facts.kind == ("coroutine" if on_loop else "sync"):
        return function
    made = Call(f"{function}(", _arguments(program), ")")
    if on_loop:
        _define_on_loop(program, made)
    elif facts.kind == "async-generator":
        program.module("asyncio")
        program.define("async def drain(item):", _drained(made))
        program.define(f"def call({_parameter(program)}):", f"return asyncio.run(drain({_parameter(program)}))")
    else:
        before, after = _OFF_LOOP[facts.kind]
        if facts.kind == "coroutine":
            program.module("asyncio")
        whole = Call(f"return {before}", (made,), after) if before else Call(f"return {made.head}", made.arguments, ")")
        program.define(f"def call({_parameter(program)}):", whole)
    return "call"


def batched(chunksize: int) -> tuple[str, str]:
    """The statements that make ``batches``, lists of so many, of the inputs."""
    return (
        "items = list(inputs)",
        f"batches = [items[at : at + {chunksize}] for at in range(0, len(items), {chunksize})]",
    )


def _function(program: Program) -> str:
    facts = program.facts
    if not facts.module:
        return program.function
    if not facts.instance:
        return program.place(Place(facts.module, facts.function, facts.folder))
    owner, _, method = facts.function.rpartition(".")
    made = program.place(Place(facts.module, owner, facts.folder))
    program.values.append(f"work = {made}().{method}")
    return "work"


def _define_on_loop(program: Program, made: Call) -> None:
    head = f"async def call({_parameter(program)}):"
    if program.facts.kind == "coroutine":
        program.define(head, Call(f"return await {made.head}", made.arguments, ")"))
    else:
        program.define(head, _drained(made))


def _drained(made: Call) -> Call:
    return comprehension("return [", "value", Call(f"async for value in {made.head}", made.arguments, ")"))


def _parameter(program: Program) -> str:
    return "_" if program.facts.bare else "item"


def _arguments(program: Program) -> tuple[str, ...]:
    facts = program.facts
    item = [] if facts.bare else ["*item" if facts.star else "item"]
    return (*item, *(f"{name}={program.expression(value)}" for name, value in facts.kwargs.items()))
