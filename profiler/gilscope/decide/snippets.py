"""Code to paste: a recommendation as a runnable program."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from textwrap import indent
from typing import TYPE_CHECKING

from gilscope.decide.facts import LOOP_KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gilscope.records import Kind, StartMethod

__all__ = ["CodeFacts", "Setup", "code", "facts_from"]


@dataclass(frozen=True)
class CodeFacts:
    """The target as a program names it."""

    module: str
    """The importable name; empty when the function cannot be imported (a lambda, a closure)."""
    function: str
    """The qualified name inside the module: ``func`` or ``Class.method``."""
    kind: Kind = "sync"
    star: bool = False
    """Whether an input is a tuple of positional arguments."""
    bare: bool = False
    """Whether the function is called without inputs."""
    kwargs: Mapping[str, str] = field(default_factory=dict)
    """Keyword arguments of every call, each as an expression."""
    inputs: str | None = None
    """The inputs as an expression; None leaves a place to fill in."""
    inputs_import: str | None = None
    """The import that this expression needs."""


@dataclass(frozen=True)
class Setup:
    """How the function is to be run."""

    backend: str
    workers: int = 1
    chunksize: int = 1
    start_method: StartMethod | None = None
    executor: str | None = None
    """For asyncio with a plain function: thread or process."""


def facts_from(
    spec: str,
    *,
    kind: Kind = "sync",
    star: bool = False,
    bare: bool = False,
    kwargs: Mapping[str, str] | None = None,
    inputs: str | None = None,
    inputs_callable: bool = False,
) -> CodeFacts:
    """The facts from what the user wrote: ``package.module:func`` or ``path/to/file.py:func``, and
    ``module:NAME`` for the inputs, where ``inputs_callable`` says that NAME is a callable that makes them."""
    place, _, function = spec.rpartition(":")
    source, _, name = (inputs or "").rpartition(":")
    return CodeFacts(
        module="" if "<" in function else _module(place),
        function="func" if "<" in function else function,
        kind=kind,
        star=star,
        bare=bare,
        kwargs=kwargs or {},
        inputs=(f"{name}()" if inputs_callable else name) if source else None,
        inputs_import=f"from {_module(source)} import {name.partition('.')[0]}" if source else None,
    )


def _module(place: str) -> str:
    return PurePath(place).stem if place.endswith(".py") else place


def code(facts: CodeFacts, setup: Setup) -> str:
    """A program that runs the function over its inputs as recommended; empty for a backend unknown here."""
    if setup.backend == "serial":
        return _serial(facts)
    if setup.backend == "asyncio":
        return _native(facts, setup) if facts.kind in LOOP_KINDS else _offload(facts, setup)
    if setup.backend in _POOLS:
        return _pool(facts, setup)
    return ""


_POOLS = {"thread": "ThreadPoolExecutor", "process": "ProcessPoolExecutor"}
#: What a call gives back inside a pool, by kind; ``{call}`` is the call of the target.
_IN_POOL: dict[Kind, str] = {
    "sync": "return {call}",
    "generator": "return list({call})",
    "coroutine": "return asyncio.run({call})",
    "async-generator": (
        "async def drain():\n    return [value async for value in {call}]\n\nreturn asyncio.run(drain())"
    ),
}
_ON_LOOP: dict[Kind, str] = {
    "coroutine": "return await {call}",
    "async-generator": "return [value async for value in {call}]",
}
_BARE_INPUTS = "range(100)  # one call each"
_OPEN_INPUTS = "[]  # fill in"


def _serial(facts: CodeFacts) -> str:
    name, wrapper = _callee(facts)
    return _program(facts, [], wrapper, f"results = [{name}(item) for item in inputs]")


def _pool(facts: CodeFacts, setup: Setup) -> str:
    name, wrapper = _callee(facts)
    chunk = f", chunksize={setup.chunksize}" if setup.backend == "process" and setup.chunksize > 1 else ""
    head = f"with {_executor(setup.backend, setup)} as pool:"
    body = f"{head}\n    results = list(pool.map({name}, inputs{chunk}))"
    return _program(facts, _pool_imports(setup.backend), wrapper, body, guarded=setup.backend == "process")


def _offload(facts: CodeFacts, setup: Setup) -> str:
    name, wrapper = _callee(facts)
    executor = setup.executor or "thread"
    main = (
        "async def main(inputs):  # from a coroutine of yours: results = await main(inputs)\n"
        "    loop = asyncio.get_running_loop()\n"
        f"    with {_executor(executor, setup)} as pool:\n"
        f"        return await asyncio.gather(*(loop.run_in_executor(pool, {name}, item) for item in inputs))"
    )
    imports = ["import asyncio", *_pool_imports(executor)]
    return _program(facts, imports, [*wrapper, main], _RUN_MAIN, guarded=executor == "process")


def _native(facts: CodeFacts, setup: Setup) -> str:
    name, wrapper = _callee(facts, on_loop=True)
    main = (
        "async def main(inputs):  # from a coroutine of yours: results = await main(inputs)\n"
        f"    slots = asyncio.Semaphore({setup.workers})\n\n"
        "    async def bounded(item):\n"
        "        async with slots:\n"
        f"            return await {name}(item)\n\n"
        "    return await asyncio.gather(*(bounded(item) for item in inputs))"
    )
    return _program(facts, ["import asyncio"], [*wrapper, main], _RUN_MAIN)


_RUN_MAIN = "results = asyncio.run(main(inputs))"


def _executor(backend: str, setup: Setup) -> str:
    method = f', mp_context=multiprocessing.get_context("{setup.start_method or "spawn"}")'
    return f"{_POOLS[backend]}(max_workers={setup.workers}{method if backend == 'process' else ''})"


def _pool_imports(backend: str) -> list[str]:
    pool = f"from concurrent.futures import {_POOLS[backend]}"
    return ["import multiprocessing", pool] if backend == "process" else [pool]


def _callee(facts: CodeFacts, *, on_loop: bool = False) -> tuple[str, list[str]]:
    """What to call with one item: the function itself, or a wrapper and its definition. The wrapper stands at
    module level, where a worker process finds it."""
    plain = not (facts.star or facts.bare or facts.kwargs)
    if plain and facts.kind == ("coroutine" if on_loop else "sync"):
        return facts.function, []
    item = [] if facts.bare else ["*item" if facts.star else "item"]
    arguments = ", ".join(item + [f"{name}={value}" for name, value in facts.kwargs.items()])
    body = (_ON_LOOP if on_loop else _IN_POOL)[facts.kind].format(call=f"{facts.function}({arguments})")
    head = f"{'async ' if on_loop else ''}def call({'_' if facts.bare else 'item'}):"
    return "call", [f"{head}\n{indent(body, '    ')}"]


def _program(facts: CodeFacts, imports: list[str], definitions: list[str], body: str, *, guarded: bool = False) -> str:
    """Imports, definitions and the run, a blank line or two between them; the run is guarded where worker
    processes import the program again."""
    run = f"inputs = {_BARE_INPUTS if facts.bare else facts.inputs or _OPEN_INPUTS}\n{body}"
    if guarded:
        run = f'if __name__ == "__main__":\n{indent(run, "    ")}'
    if any("asyncio." in part for part in definitions):
        imports = ["import asyncio", *(line for line in imports if line != "import asyncio")]
    parts = ["\n".join([*imports, *([""] if imports else []), *_own_imports(facts)]), *definitions, run]
    return ("\n\n\n" if definitions else "\n\n").join(parts) + "\n"


def _own_imports(facts: CodeFacts) -> list[str]:
    needed = [facts.inputs_import] if facts.inputs_import and not facts.bare else []
    if not facts.module:
        return [
            f"# {facts.function}: the function that was analyzed, defined where it can be imported",
            *needed,
        ]
    source, name = f"from {facts.module} import ", facts.function.partition(".")[0]
    beside = [line.removeprefix(source) for line in needed if line.startswith(source)]
    names = ", ".join(sorted({name, *beside}))
    return [source + names, *(line for line in needed if not line.startswith(source))]
