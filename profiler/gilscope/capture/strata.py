"""What kind of call one is, at a glance: by the types of its arguments, and the magnitude of their sizes."""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["kind_of_call"]

#: Arguments that are looked at.
MOST_LOOKED_AT = 8
#: What has a length that costs nothing to ask for. No method of the user's is called: that of a query would run it.
_SIZED = frozenset({str, bytes, bytearray, list, tuple, dict, set, frozenset})


def kind_of_call(values: Iterable[Any]) -> tuple[object, ...]:
    """Equal for calls whose arguments have the same types, and sizes within a factor of two to four of each other."""
    found: list[object] = []
    for value in values:
        found += (type(value), _magnitude(value))
        if len(found) >= 2 * MOST_LOOKED_AT:
            break
    return tuple(found)


def _magnitude(value: Any) -> int:
    kind = type(value)
    if kind in _SIZED:
        return len(value).bit_length() // 2
    if kind is int:
        return int(value.bit_length()) // 8
    if kind.__name__ == "ndarray" and kind.__module__ == "numpy":
        return int(value.size).bit_length() // 2
    return 0
