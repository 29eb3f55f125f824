"""Celery: an application for workers and callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.snippets.layout import Call
from gilscope.decide.snippets.tasks import add_broker, define_task, module_name, over_tasks
from gilscope.decide.snippets.workers import limits

if TYPE_CHECKING:
    from gilscope.decide.snippets.facts import Setup
    from gilscope.decide.snippets.program import Program

__all__ = ["on_celery"]

#: As `gilscope.queues.celery.settings` has them.
CONSUMER = "consumer_timeout"
POOLS = {"celery": "prefork", "celery-threads": "threads", "celery-gevent": "gevent"}
#: What a setting of the configuration begins with.
CONFIGURED = ("broker_", "result_", "task_", "worker_")
PICKLED = ('task_serializer="pickle"', 'result_serializer="pickle"', 'accept_content=["pickle"]')
#: Results travel over Redis all the same: over RabbitMQ only who sent a task could read its result, and only once.
RABBITMQ = (
    'broker = os.environ.get("BROKER_URL", "amqp://guest:guest@localhost:5672//")',
    'results = os.environ.get("RESULTS_URL", "redis://localhost:6379/0")',
)
WHERE = "Broker and results are where BROKER_URL says."
WHERE_RABBITMQ = "RabbitMQ is where BROKER_URL says, a Redis for results where RESULTS_URL says."
#: Celery's signals at the beginning and the end of what calls are made in.
SIGNALS = {
    "prefork": ("worker_process_init", "worker_process_shutdown"),
    "threads": ("worker_init", "worker_shutdown"),
    "gevent": ("worker_init", "worker_shutdown"),
}


def on_celery(program: Program, setup: Setup, *, own_threads: bool) -> None:
    """An application, its settings, and one task."""
    name = module_name(program)
    pool = POOLS[setup.backend]
    program.docstring = (
        f"Celery: save this as {name}.py, where workers and callers find it.\n\n"
        f"Workers, on each machine: celery -A {name} worker --pool {pool} --concurrency {setup.workers}\n"
        f"{WHERE_RABBITMQ if CONSUMER in setup.settings else WHERE}\n"
    )
    _add_application(program, name, setup)
    define_task(program, setup.chunksize, "@app.task\n")
    _define_hooks(program, setup, pool, own_threads=own_threads)
    program.run_all(*over_tasks(setup.chunksize, "perform.delay({})", "task.get()"))


def _add_application(program: Program, name: str, setup: Setup) -> None:
    program.tool("celery", "Celery")
    over_rabbitmq = CONSUMER in setup.settings
    given = [f"{setting}={value}" for setting, value in setup.settings.items() if setting.startswith(CONFIGURED)]
    lines = [
        *(_add_addresses(program) if over_rabbitmq else [add_broker(program)]),
        f'app = Celery("{name}", broker=broker, backend={"results" if over_rabbitmq else "broker"})',
        "# Pickles carry whatever is sent, and run code for whoever can write to the broker:",
        '# keep others out, or use "json" where arguments and results are plain data.',
        Call("app.conf.update(", (*PICKLED, *given), ")").at(0),
    ]
    program.values.append("\n".join(lines))


def _add_addresses(program: Program) -> tuple[str, ...]:
    """The assignments of ``broker`` and ``results``."""
    program.module("os")
    return RABBITMQ


def _define_hooks(program: Program, setup: Setup, pool: str, *, own_threads: bool) -> None:
    facts = program.facts
    first, last = SIGNALS[pool]
    steps = limits(program, setup.workers, processes=pool == "prefork", own_threads=own_threads)
    steps += [f"{program.place(facts.setup)}()"] if facts.setup is not None else []
    if steps:
        program.define(f"@{program.tool('celery.signals', first)}.connect\ndef start_worker(**_):", *steps)
    if facts.teardown is not None:
        end = f"{program.place(facts.teardown)}()"
        program.define(f"@{program.tool('celery.signals', last)}.connect\ndef end_worker(**_):", end)
