"""What importing costs, by package: timed in the threads that ask for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import _bootstrap
from time import perf_counter
from typing import Any

__all__ = ["STEP", "timed_imports"]

#: What every import of a module that is not there yet goes through, by a statement, by a function or from C: the place
#: where ``python -X importtime`` looks too (``import_find_and_load`` in Python/import.c).
STEP = "_find_and_load"


@dataclass
class _Timing:
    """The imports of one thread."""

    seconds: dict[str, float] = field(default_factory=dict)
    within: list[float] = field(default_factory=list)
    """Of each import that is going on, what it imported in turn."""


_changing = threading.Lock()
_timings: dict[int, _Timing] = {}
"""By thread; while there are any, the step is replaced."""


@contextmanager
def timed_imports() -> Iterator[dict[str, float]]:
    """Within, each top-level package's seconds of importing in this thread: its own modules', without what these
    imported of other packages in turn. What it waits for another thread to import is not told. Importing does what it
    did before; where an interpreter has no such step, nothing is told."""
    me, timing = threading.get_ident(), _Timing()
    with _changing:
        if not _timings:
            _replace_step()
        _timings[me] = timing
    try:
        yield timing.seconds
    finally:
        with _changing:
            del _timings[me]
            if not _timings:
                _restore_step()


def _replace_step() -> None:
    step = vars(_bootstrap).get(STEP)
    if step is None:
        return

    def timed(name: str, import_: Any) -> Any:
        timing = _timings.get(threading.get_ident())
        return step(name, import_) if timing is None else _timed(timing, step, name, import_)

    timed.step = step  # type: ignore[attr-defined]
    vars(_bootstrap)[STEP] = timed


def _restore_step() -> None:
    replaced = vars(_bootstrap).get(STEP)
    vars(_bootstrap)[STEP] = getattr(replaced, "step", replaced)


def _timed(timing: _Timing, step: Any, name: str, import_: Any) -> Any:
    timing.within.append(0.0)
    began = perf_counter()
    try:
        return step(name, import_)
    finally:
        took_s = perf_counter() - began
        package = name.partition(".")[0]
        timing.seconds[package] = timing.seconds.get(package, 0.0) + took_s - timing.within.pop()
        if timing.within:
            timing.within[-1] += took_s
