"""What one call's argument and result cost on their way to another interpreter of this process and back."""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import msgspec

from gilscope.backends.interpreter import is_available
from gilscope.backends.shareable import how, pickled_parts
from gilscope.records import HandedOver

__all__ = ["HandedIn", "handed_over"]

#: Passes, of which the fastest counts, and the seconds after which one must do.
PASSES, PASSES_S = 5, 0.05


class HandedIn(msgspec.Struct, frozen=True):
    """How they cross, and seconds beyond what nothing at all costs."""

    way: HandedOver
    pickled_bytes: int | None
    """Of what is pickled of them; None where nothing is."""
    parent_s: float
    worker_s: float

    @property
    def seconds(self) -> float:
        return self.parent_s + self.worker_s


def handed_over(arguments: Sequence[Any], results: Sequence[Any]) -> HandedIn | None:
    """The cost of one crossing, by the queue that interpreters have between them; None where this Python has none.

    :raises Exception: whatever keeps them from crossing
    """
    if not is_available():
        return None
    there, back, nothing = _timed(tuple(arguments)), _timed(tuple(results)), _timed(())
    values = (*arguments, *results)
    pickled = sum(len(pickle.dumps(part)) for part in pickled_parts(values))
    return HandedIn(
        how(values),
        pickled or None,
        max(there[0] - nothing[0], 0.0) + max(back[1] - nothing[1], 0.0),
        max(there[1] - nothing[1], 0.0) + max(back[0] - nothing[0], 0.0),
    )


def _timed(value: Any) -> tuple[float, float]:
    """Seconds to put it in, and to take it out: both do what they do between two interpreters."""
    queue: Any = importlib.import_module("concurrent.interpreters").create_queue()
    put, got, began = list[float](), list[float](), perf_counter()
    while len(put) < PASSES and (not put or perf_counter() - began < PASSES_S):
        start = perf_counter()
        queue.put(value)
        middle = perf_counter()
        queue.get_nowait()
        put.append(middle - start)
        got.append(perf_counter() - middle)
    return min(put), min(got)
