"""What importing costs, by package, while the target is loaded."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import _bootstrap
from time import perf_counter
from typing import Any

from gilscope.records import ImportCost

__all__ = ["costliest", "timed_imports"]

MOST = 10
LEAST_S = 0.001
#: What every import of a module that is not there yet goes through, by a statement, by a function or from C: the place
#: where ``python -X importtime`` looks too (``import_find_and_load`` in Python/import.c).
STEP = "_find_and_load"


@contextmanager
def timed_imports() -> Iterator[dict[str, float]]:
    """Within, each top-level package's seconds of importing in this thread: its own modules', without what these
    imported of other packages in turn. Importing does what it did before; where an interpreter has no such step,
    nothing is told."""
    seconds: dict[str, float] = {}
    within: list[float] = []  # of each import that is going on, what it imported in turn
    step, thread = vars(_bootstrap).get(STEP), threading.get_ident()
    if step is None:
        yield seconds
        return

    def timed(name: str, import_: Any) -> Any:
        if threading.get_ident() != thread:
            return step(name, import_)
        within.append(0.0)
        began = perf_counter()
        try:
            return step(name, import_)
        finally:
            took_s = perf_counter() - began
            package = name.partition(".")[0]
            seconds[package] = seconds.get(package, 0.0) + took_s - within.pop()
            if within:
                within[-1] += took_s

    vars(_bootstrap)[STEP] = timed
    try:
        yield seconds
    finally:
        vars(_bootstrap)[STEP] = step


def costliest(seconds: Mapping[str, float]) -> tuple[ImportCost, ...]:
    """The `MOST` packages that took longest, those that took `LEAST_S` at least; gilscope's own modules are no cost of
    the target."""
    notable = [(cost, name) for name, cost in seconds.items() if cost >= LEAST_S and name != "gilscope"]
    return tuple(ImportCost(module=name, seconds=cost) for cost, name in sorted(notable, reverse=True)[:MOST])
