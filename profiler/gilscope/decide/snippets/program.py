"""A program in the making: what it imports, what it defines, and how it runs."""

from __future__ import annotations

import ast
import builtins
import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gilscope.decide.snippets.layout import Block, import_lines, renamed

if TYPE_CHECKING:
    from gilscope.decide.snippets.facts import CodeFacts, Place
    from gilscope.decide.snippets.layout import Statement
    from gilscope.records import Context

__all__ = ["Program"]

#: What programs call their own things: a name of the user's that is one of them is imported under another.
RESERVED = frozenset(
    "app asyncio at batch batches broker call call_batch calls client connection context done drain end_worker group "
    "inputs islice item items job len limited list loop main multiprocessing open_client os outcome perform pool "
    "queue range result results run_all self sent serve slots start_worker super sys task tasks threadpool_limits "
    "value work worker worker_init worker_process_init worker_process_shutdown worker_shutdown "
    "Celery Client Finalize Hooks Prepared ProcessPoolExecutor Queue Redis SimpleWorker ThreadPoolExecutor Worker "
    "WorkerPlugin WorkerPool".split()
)
#: What programs need beside the standard library.
LIBRARIES = frozenset({"celery", "distributed", "redis", "rq", "threadpoolctl"})
#: Calls of a function that always does the same.
REPEATS = 100


@dataclass
class Program:
    """Parts are added in the order in which they will stand; `text` puts them together."""

    facts: CodeFacts
    context: Context
    modules: set[str] = field(default_factory=set)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What is imported from where: module and name, by the name it has here."""
    preparations: list[str] = field(default_factory=list)
    """Statements before the user's modules are imported."""
    values: list[str] = field(default_factory=list)
    """Assignments, made whenever the program is imported."""
    definitions: list[str] = field(default_factory=list)
    docstring: str = ""
    apart: bool = False
    """Whether workers are other processes, which import what they run."""
    blocking: bool = False
    """Whether ``run_all`` would stop a loop for as long as it takes."""
    on_loop: bool = False
    """Whether ``run_all`` is a coroutine function."""

    @property
    def function(self) -> str:
        """What the target is called, where it cannot be imported."""
        return "func" if self.facts.function in RESERVED else self.facts.function

    def module(self, name: str) -> str:
        """Import a module of the standard library."""
        self.modules.add(name)
        return name

    def tool(self, module: str, name: str) -> str:
        """Import a name that the program itself needs."""
        self.names[name] = (module, name)
        return name

    def users(self, module: str, name: str) -> str:
        """Import a name of the user's, and give the expression for it here."""
        head, dot, rest = name.partition(".")
        alias = head
        while alias in RESERVED or self.names.get(alias, (module, head)) != (module, head):
            alias += "_"
        self.names[alias] = (module, head)
        return alias + dot + rest

    def place(self, place: Place) -> str:
        """Import what the user named."""
        if place.folder is not None:
            self.module("sys")
            insertion = f"sys.path.insert(0, {json.dumps(place.folder, ensure_ascii=False)})"
            self.preparations += [insertion] if insertion not in self.preparations else []
        return self.users(place.module, place.name)

    def expression(self, text: str) -> str:
        """What the user wrote with the names of the target's module, which are imported."""
        nodes = [node for node in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(node, ast.Name)]
        bound = {node.id for node in nodes if not isinstance(node.ctx, ast.Load)}
        free = sorted({node.id for node in nodes} - bound - vars(builtins).keys())
        return renamed(text, {name: self.users(self.facts.module, name) for name in free} if self.facts.module else {})

    def define(self, head: str, *body: Statement) -> None:
        """Add a function."""
        self.definitions.append(Block(head, body).at(0))

    def run_all(self, *body: Statement) -> None:
        """Add the function that makes all calls; ``on_loop`` tells how it is called."""
        self.define(f"{'async ' if self.on_loop else ''}def run_all(inputs):", *body)

    def text(self) -> str:
        """The whole program."""
        run = f"{'await ' if self.on_loop else ''}run_all(inputs)"
        run = "await asyncio.to_thread(run_all, inputs)" if self.blocking else run
        if self.context == "async":
            self.module("asyncio")
            self.define("async def main():", f"inputs = {self._inputs()}", f"return {run}")
            last = ["results = asyncio.run(main())"]
        elif self.on_loop:
            self.module("asyncio")
            last = [f"inputs = {self._inputs()}", "results = asyncio.run(run_all(inputs))"]
        else:
            last = [f"inputs = {self._inputs()}", "results = run_all(inputs)"]
        main = Block('if __name__ == "__main__":', tuple(last)).at(0)
        docstring = [f'"""{self.docstring}"""'] if self.docstring else []
        head = "\n\n".join([*docstring, *self._head(), *self.values])
        return "\n\n\n".join([head, *self.definitions, main]).lstrip("\n") + "\n"

    def _inputs(self) -> str:
        facts = self.facts
        if facts.bare:
            return f"range({REPEATS})  # one call each"
        if facts.args:
            arguments = ", ".join(self.expression(text) for text in facts.args)
            return f"[{f'({arguments})' if facts.star else arguments}] * {REPEATS}"
        if facts.inputs is None:
            return "[]  # fill in"
        source = self.place(facts.inputs) + ("()" if facts.inputs_callable else "")
        if facts.inputs_used is None:
            return source
        return f"{self.tool('itertools', 'islice')}({source}, {facts.inputs_used})"

    def _head(self) -> list[str]:
        """The imports in their sections, with what must come before the user's between."""
        modules = {module for module, _ in self.names.values()}
        standard = {module for module in modules if _is_standard(module)}
        ours = {module for module in modules if module.partition(".")[0] in LIBRARIES}
        sections = [
            "\n".join([*(f"import {name}" for name in sorted(self.modules)), *self._from(standard)]),
            "\n".join(self._from(ours)),
            "\n".join(self.preparations),
            "\n".join([*self._from(modules - standard - ours), *self._missing()]),
        ]
        return [section for section in sections if section]

    def _from(self, modules: set[str]) -> list[str]:
        lines = []
        for module in sorted(modules):
            taken = [(name, alias) for alias, (home, name) in self.names.items() if home == module]
            lines.append(import_lines(module, taken))
        return lines

    def _missing(self) -> list[str]:
        name = self.function
        if self.facts.module:
            return []
        if not self.facts.in_session:
            return [f"# {name}: the function that was analyzed, defined where it can be imported"]
        if not self.apart:
            return [f"# {name}: what was analyzed, as the session defines it"]
        return [
            f"# Move {name}, with what it uses, into a module, and import it here:",
            "# worker processes find it in no session.",
        ]


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
