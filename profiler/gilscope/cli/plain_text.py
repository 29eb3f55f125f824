"""Options that are text, or a choice of words, are taken as they were typed.

Recent versions of Typer have Pydantic find that out, and import it for the first option of any command: that takes a
third of the time to the first progress. What is more than text goes that way as before.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = ["leave_text"]


class _AsTyped:
    """What makes values of a parameter's text, in the place of Typer's."""

    def __init__(self, annotation: Any) -> None:
        self._kept = {str: str, list[str]: str, int: int}.get(annotation)
        is_choice = isinstance(annotation, type) and issubclass(annotation, Enum)
        self._choices = {str(each.value): each for each in annotation} if is_choice else {}

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as the command gets it."""
        several = param.multiple or param.nargs == -1
        given = value if several and isinstance(value, tuple | list) else (value,)
        if self._kept is not None and value is not None and all(type(each) is self._kept for each in given):
            return list(given) if several else value
        if isinstance(value, str) and value in self._choices:
            return self._choices[value]
        if value is None:
            return () if several else None
        param._runtime_param = None  # Typer makes its own
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def leave_text(params: list[Any]) -> list[Any]:
    """The parameters of a command, so that theirs is left; with earlier versions of Typer nothing is to be done."""
    for param in params:
        descriptor = getattr(param, "type_descriptor", None)
        if descriptor is not None and getattr(param, "_runtime_param", param) is None:
            param._runtime_param = _AsTyped(descriptor.annotation)
    return params
