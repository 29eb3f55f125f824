"""Forked children: what the parent's threads count, write and watch is the parent's, so the child forgets it."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["after_fork", "forget"]

_callbacks: list[Callable[[], None]] = []


def after_fork(callback: Callable[[], None]) -> Callable[[], None]:
    """Have ``callback`` called in every forked child, after those that were registered before."""
    _callbacks.append(callback)
    return callback


def forget() -> None:
    """Begin anew, as a forked child does."""
    for callback in _callbacks:
        callback()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)
