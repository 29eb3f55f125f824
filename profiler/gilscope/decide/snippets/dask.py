"""Dask: tasks on a cluster of this machine, or of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.snippets.callee import batched
from gilscope.decide.snippets.layout import Block, Call
from gilscope.decide.snippets.tasks import define_task, module_name
from gilscope.decide.snippets.workers import limits

if TYPE_CHECKING:
    from gilscope.decide.snippets.facts import Setup
    from gilscope.decide.snippets.layout import Statement
    from gilscope.decide.snippets.program import Program

__all__ = ["on_dask"]


def on_dask(program: Program, setup: Setup, *, own_threads: bool) -> None:  # noqa: ARG001  Dask limits them itself
    """A client of a cluster, and one task."""
    processes, threads = _shape(setup)
    program.docstring = (
        "Dask: a cluster on this machine, or the one that DASK_SCHEDULER_ADDRESS names.\n\n"
        "On one machine: dask scheduler\n"
        f"On each: dask worker tcp://THE-ONE:8786 --nworkers {processes} --nthreads {threads}\n"
        "All need what is imported here. Then, with the address of the one:\n"
        f"DASK_SCHEDULER_ADDRESS=tcp://THE-ONE:8786 python {module_name(program)}.py\n"
    )
    limits(program, processes, processes=True, own_threads=False)
    define_task(program, setup.chunksize)
    hooked = _define_hooks(program)
    _define_client(program, processes, threads)
    program.run_all(*_results(setup.chunksize, hooked))


def _shape(setup: Setup) -> tuple[int, int]:
    measured = (1, setup.workers) if setup.backend == "dask-threads" else (setup.workers, 1)
    given = setup.settings
    return int(given.get("n_workers", measured[0])), int(given.get("threads_per_worker", measured[1]))


def _define_client(program: Program, processes: int, threads: int) -> None:
    program.module("os")
    program.tool("distributed", "Client")
    cluster = (f"n_workers={processes}", f"threads_per_worker={threads}", "dashboard_address=None")
    program.define(
        "def open_client():",
        Block('if "DASK_SCHEDULER_ADDRESS" in os.environ:', ("return Client()",)),
        "# Makes a LocalCluster, and closes it.",
        Call("return Client(", cluster, ")"),
    )


def _define_hooks(program: Program) -> bool:
    """The user's set-up and tear-down in each worker process; whether there is any."""
    facts, hooks = program.facts, []
    if facts.setup is not None:
        hooks.append(Block("def setup(self, worker):", (f"{program.place(facts.setup)}()",)))
    if facts.teardown is not None:
        hooks.append(Block("def teardown(self, worker):", (f"{program.place(facts.teardown)}()",)))
    if hooks:
        program.tool("distributed", "WorkerPlugin")
        program.define("class Hooks(WorkerPlugin):", *_apart(hooks))
    return bool(hooks)


def _apart(methods: list[Block]) -> tuple[Statement, ...]:
    return tuple(part for method in methods for part in (method, ""))[:-1]


def _results(chunksize: int, hooked: bool) -> tuple[Statement, ...]:
    # Pure tasks with equal arguments would be one task.
    given, before = ("batches", batched(chunksize)) if chunksize > 1 else ("list(inputs)", ())
    gathered = "[result for done in client.gather(sent) for result in done]" if chunksize > 1 else "client.gather(sent)"
    steps = (
        *(["client.register_plugin(Hooks())"] if hooked else []),
        f"sent = client.map(perform, {given}, pure=False)",
        f"return {gathered}",
    )
    return (*before, Block("with open_client() as client:", steps))
