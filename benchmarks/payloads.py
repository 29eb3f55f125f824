"""What the pools of `benchmarks.interpreters` are made to run: a module that can be imported in any interpreter, and
that holds nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["NAMES", "compute", "take"]

_MAKERS: dict[str, Callable[[], Any]] = {
    "an int": lambda: 1,
    "a str of 1 kB": lambda: "x" * 1_000,
    "bytes, 1 MB": lambda: bytes(1_000_000),
    "bytes, 10 MB": lambda: bytes(10_000_000),
    "a tuple of 1,000 ints": lambda: tuple(range(1_000)),
    "a list of 1,000 ints": lambda: list(range(1_000)),
    "a list of 100,000 ints": lambda: list(range(100_000)),
}
NAMES = tuple(_MAKERS)


def take(value: Any) -> None:
    """A call that does nothing with what it is given."""


def compute(steps: int) -> int:
    return sum(step * step for step in range(steps))


def __getattr__(name: str) -> Any:
    """Inputs by name: ``payload_0`` for the first of `NAMES`, ``steps_1000`` for so many steps of `compute`."""
    kind, _, number = name.partition("_")
    if kind == "payload" and number.isdigit():
        return [_MAKERS[NAMES[int(number)]]()] * 4
    if kind == "steps" and number.isdigit():
        return [int(number)] * 8
    raise AttributeError(name)
