"""What crosses from one interpreter of a process to another: as it is, or pickled.

The types that interpreters share (`concurrent.interpreters.is_shareable`) are handed over by their contents, without
pickle; all else is pickled there and back, as between processes. Asked in a process whose Python has them: 3.14 and
later.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gilscope.unpicklable import explain

if TYPE_CHECKING:
    from gilscope.records import HandedOver

__all__ = ["how", "pickled_parts", "why_not"]


def how(values: Sequence[Any]) -> HandedOver:
    """How they cross: all as they are, all pickled, or some of them. Of a tuple each part goes its own way."""
    pickled = sum(1 for _ in pickled_parts(values))
    if not pickled:
        return "shared"
    return "pickled" if pickled == sum(1 for value in values for _ in _parts(value)) else "mixed"


def pickled_parts(values: Iterable[Any]) -> Iterator[Any]:
    """What of them is pickled."""
    shareable = _interpreters().is_shareable
    return (part for value in values for part in _parts(value) if not shareable(part))


def why_not(what: str, value: Any) -> str | None:
    """Why a value cannot be handed over, to begin with ``what`` it is to the reader; None when it can."""
    if _crosses(value):
        return None
    told = explain(what, value) or f"{what} cannot be unpickled"
    return f"{told}, and it is of no type that interpreters share"


def _crosses(value: Any) -> bool:
    sent = _interpreters().create_queue()
    try:
        sent.put(value)
    except Exception:  # NotShareableError, or whatever the object's own methods raise
        return False
    return True


def _parts(value: Any) -> Iterable[Any]:
    return (part for item in value for part in _parts(item)) if type(value) is tuple else (value,)


def _interpreters() -> Any:
    return importlib.import_module("concurrent.interpreters")
