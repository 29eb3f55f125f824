"""RQ: jobs, and the workers for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.snippets.layout import Block, Call
from gilscope.decide.snippets.tasks import add_broker, define_task, module_name, over_tasks
from gilscope.decide.snippets.workers import limits, with_hooks

if TYPE_CHECKING:
    from gilscope.decide.snippets.facts import Setup
    from gilscope.decide.snippets.program import Program

__all__ = ["on_rq"]

#: For so many seconds results are kept: RQ forgets them after 500 unless told otherwise.
KEPT_S = 86_400


def on_rq(program: Program, setup: Setup, *, own_threads: bool) -> None:
    """A queue, the job, and the workers: forks of a process that has imported what jobs need."""
    name = module_name(program)
    program.docstring = (
        f"RQ: save this as {name}.py, where workers and callers find it.\n\n"
        f'Workers, on each machine: python -c "import {name}; {name}.serve()"\n'
        "Redis is where BROKER_URL says.\n"
    )
    _add_queue(program, name, setup)
    define_task(program, setup.chunksize)
    _define_workers(program, setup, own_threads=own_threads)
    _define_outcome(program)
    # Without a description RQ keeps one in which all arguments are told.
    send = f'queue.enqueue("{name}.perform", {{}}, description="{name}", result_ttl={KEPT_S})'
    program.run_all(*over_tasks(setup.chunksize, send, "outcome(task)"))


def _add_queue(program: Program, name: str, setup: Setup) -> None:
    program.tool("redis", "Redis")
    program.tool("rq", "Queue")
    limit = setup.settings.get("default_timeout")
    limited = "" if limit is None else f", default_timeout={limit}"
    lines = [
        add_broker(program),
        "connection = Redis.from_url(broker, socket_timeout=None)  # results are waited for",
        f'queue = Queue("{name}", connection=connection{limited})',
    ]
    program.values.append("\n".join(lines))


def _define_workers(program: Program, setup: Setup, *, own_threads: bool) -> None:
    kind = program.tool("rq", "SimpleWorker" if setup.backend == "rq-simple" else "Worker")
    steps = limits(program, setup.workers, processes=True, own_threads=own_threads)
    if steps or program.facts.setup is not None or program.facts.teardown is not None:
        body = (*steps, *with_hooks(program, "return super().work(*args, **kwargs)"))
        program.define(f"class Prepared({kind}):", Block("def work(self, *args, **kwargs):", body))
        kind = "Prepared"
    program.tool("rq.worker_pool", "WorkerPool")
    arguments = ("[queue]", "connection", f"num_workers={setup.workers}", f"worker_class={kind}")
    program.define(
        "def serve():",
        "# Workers are forks of this process, which has imported what they need.",
        Call("pool = WorkerPool(", arguments, ")"),
        "pool.start()",
    )


def _define_outcome(program: Program) -> None:
    program.define(
        "def outcome(job):",
        Block("while (result := job.latest_result(timeout=60)) is None:", ("pass  # it waits or runs",)),
        Block("if result.exc_string:", ("raise RuntimeError(result.exc_string)",)),
        "return result.return_value",
    )
