"""Whether an analysis must be told what to call a function with."""

from __future__ import annotations

from collections.abc import Container
from types import FunctionType

__all__ = ["needs_inputs"]


def needs_inputs(func: object, given: Container[str]) -> bool | None:
    """Whether it has parameters without a default that are not among those ``given``. A method's first one is none: an
    analysis makes its instance. None where its parameters are unknown."""
    if not isinstance(func, FunctionType):
        return None
    return any(name not in given for name in _required(func))


def _required(func: FunctionType) -> list[str]:
    code = func.__code__
    names, positional = code.co_varnames, code.co_argcount
    required = list(names[: positional - len(func.__defaults__ or ())])
    if required and required[0] in ("self", "cls") and "." in func.__qualname__:
        del required[0]
    keyword = names[positional : positional + code.co_kwonlyargcount]
    return [*required, *(name for name in keyword if name not in (func.__kwdefaults__ or {}))]
