"""Code to paste: a recommendation as a runnable program, for a plain caller and for a coroutine.

Every program defines ``run_all(inputs)``, which gives the results in the order of the inputs, and runs it. It needs
nothing of gilscope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.decide.facts import LOOP_KINDS
from gilscope.decide.snippets.facts import CodeFacts, Setup, facts_from
from gilscope.decide.snippets.loop import on_loop
from gilscope.decide.snippets.offload import offloaded
from gilscope.decide.snippets.pool import pooled
from gilscope.decide.snippets.program import Program
from gilscope.decide.snippets.queued import ENGINES, queued, setup_of
from gilscope.decide.snippets.serial import one_by_one

if TYPE_CHECKING:
    from gilscope.records import Classification, Context

__all__ = ["CodeFacts", "Setup", "both_codes", "code", "facts_from", "setup_of"]


def both_codes(
    facts: CodeFacts, setup: Setup, context: Context, classification: Classification | None = None
) -> tuple[str, str]:
    """The program for a caller as ``context`` says, and the one for the other kind of caller."""
    other: Context = "async" if context == "sync" else "sync"
    return code(facts, setup, context, classification), code(facts, setup, other, classification)


def code(
    facts: CodeFacts, setup: Setup, context: Context = "sync", classification: Classification | None = None
) -> str:
    """A program that runs the function over its inputs as recommended, PEP 8 at 88 columns.

    A coroutine as caller keeps its loop: what would stop it is offloaded, except calls that are over sooner than they
    are handed over. For a third party's backend there is a comment that says that there is no code.
    """
    program = Program(facts, context)
    way = _way(facts, setup)
    own_threads = classification is not None and classification.subtype == "own-threads"
    if way == "loop":
        on_loop(program, setup.workers if setup.backend == "asyncio" else 1)
    elif way == "serial":
        one_by_one(program, brief=classification is not None and classification.label == "overhead-bound")
    elif way in ENGINES:
        queued(program, setup, own_threads=own_threads)
    elif way is None:
        return _no_code(setup)
    else:
        (pooled if context == "sync" else offloaded)(program, setup, way, own_threads=own_threads)
    return program.text()


def _way(facts: CodeFacts, setup: Setup) -> str | None:
    """What runs the calls: ``serial``, ``thread``, ``process``, a task queue, or ``loop`` for coroutines; None when
    unknown here."""
    if setup.backend in ("serial", "asyncio") and setup.executor is None:
        if facts.kind in LOOP_KINDS:
            return "loop"
        return "thread" if setup.backend == "asyncio" else "serial"
    executor = setup.executor or setup.backend
    return executor if executor in ("thread", "process", *ENGINES) else None


def _no_code(setup: Setup) -> str:
    return (
        f"# There is no code to paste for {setup.executor or setup.backend} with {setup.workers} workers:\n"
        "# gilscope writes code for the standard library's executors and for RQ, Celery and Dask.\n"
        "# See the documentation of the package that the backend comes from.\n"
    )
