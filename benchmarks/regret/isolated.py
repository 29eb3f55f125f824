"""What a pool of interpreters runs in them: a module that imports nothing which refuses to be imported there."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["call_all", "call_together", "on_a_loop"]

_runners: dict[int, asyncio.Runner] = {}


def call_all(call: Callable[[Any], Any], items: Sequence[Any]) -> tuple[Any, ...]:
    """A chunk of calls."""
    return tuple(map(call, items))


def call_together(arrived: int, gate: int, call: Callable[[Any], Any], item: Any) -> None:
    """A worker's first call, when all have come to theirs: a byte says that it has, another lets it go on."""
    os.write(arrived, b".")
    os.read(gate, 1)
    call(item)


def on_a_loop(function: Callable[[Any], Any], item: Any) -> Any:
    """Await a call on this thread's loop; what is thread-local would not survive the call."""
    me = threading.get_ident()
    if me not in _runners:
        _runners[me] = asyncio.Runner()
    return _runners[me].run(function(item))
