"""A module like a user's, and every kind of program for it."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from pathlib import Path

from gilscope.decide.code import CodeTarget, Execution, program_for
from gilscope.records import Classification, Context, Kind, Label

MODULE = """
import os

INPUTS = [1, 2, 3]
PAIRS = [(1, 2), (3, 4)]
CALLS = [((1, 2), {}), ((3,), {"y": 4})]
STEP = 5
opened = []


def make_inputs():
    return iter([1, 2, 3])


def endless():
    while True:
        yield 7


def double(x, extra=0):
    return 2 * x + extra


def add(x, y, text=""):
    return text or x + y


def answer():
    return 42


def items(x):
    yield from range(x)


async def fetch(x):
    return 2 * x


async def stream(x):
    for item in range(x):
        yield item


def connect():
    opened.append(os.getpid())


def close():
    opened.pop()


def needs_connection(x):
    return len(opened) * x


def run_all(x):
    return -x


def limits(_):
    import threadpoolctl

    return [pool["num_threads"] for pool in threadpoolctl.threadpool_info()], os.environ.get("POLARS_MAX_THREADS")


class Tools:
    def __init__(self):
        self.factor = 3

    @staticmethod
    def triple(x):
        return 3 * x

    def times(self, x):
        return self.factor * x
"""
FUNCTIONS: dict[Kind, str] = {
    "sync": "double",
    "generator": "items",
    "coroutine": "fetch",
    "async-generator": "stream",
}
DOUBLED, LISTED = [2, 4, 6], [[0], [0, 1], [0, 1, 2]]
EXPECTED: dict[Kind, list[object]] = {
    "sync": [*DOUBLED],
    "generator": [*LISTED],
    "coroutine": [*DOUBLED],
    "async-generator": [*LISTED],
}
EXECUTIONS = {
    "serial": Execution("serial"),
    "thread": Execution("thread", 2),
    "process, spawn": Execution("process", 2, 2, "spawn"),
    "process, forkserver": Execution("process", 2, 1, "forkserver"),
    "process, fork": Execution("process", 2, 1, "fork"),
    "asyncio": Execution("asyncio", 2),
    "offload to thread": Execution("asyncio", 2, executor="thread"),
    "offload to process": Execution("asyncio", 2, 2, "spawn", executor="process"),
}
QUEUES = {
    "rq": Execution("rq", 2, 2, settings={"default_timeout": "30"}),
    "rq-simple": Execution("rq-simple", 2),
    "celery": Execution("celery", 2, 2, settings={"worker_prefetch_multiplier": "1", "task_time_limit": "45"}),
    "celery-threads": Execution("celery-threads", 2),
    "dask": Execution("dask", 2, 2, settings={"n_workers": "1", "threads_per_worker": "2"}),
    "dask-threads": Execution("dask-threads", 2),
}
CONTEXTS: tuple[Context, ...] = ("sync", "async")
#: Those that only newer Pythons have.
INTERPRETERS = {
    "interpreter": Execution("interpreter", 2),
    "interpreter, chunks": Execution("interpreter", 2, 2),
    "offload to interpreter": Execution("asyncio", 2, 2, executor="interpreter"),
}
CASES = [
    (kind, name, context)
    for kind, name, context in product(FUNCTIONS, EXECUTIONS, CONTEXTS)
    if kind in ("sync", "generator") or not name.startswith("offload")
]


def classified(label: Label = "compute-bound", subtype: str | None = None) -> Classification:
    return Classification(label=label, subtype=subtype, confidence=1.0, reason="")


def written(kind: Kind, name: str, context: Context) -> str:
    """The program for a function of that kind over ``INPUTS``."""
    target = CodeTarget(f"user_code:{FUNCTIONS[kind]}", kind=kind, inputs="user_code:INPUTS")
    return program_for(target, {**EXECUTIONS, **INTERPRETERS}[name], context)


def run(text: str, folder: Path) -> object:
    """The results of the program, run as a user does; a warning is an error."""
    (folder / "program.py").write_text(f"{text}    print(results)\n")
    command = [sys.executable, "-W", "error", "program.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"{done.stderr}\n{text}"
    return eval(done.stdout)
