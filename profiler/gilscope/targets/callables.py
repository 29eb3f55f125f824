"""What kind of thing a callable is, where it was written, and which arguments it takes."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from gilscope.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gilscope.records import Kind

HOW_TO_GIVE = (
    "give inputs, one call each (--inputs module:NAME), or the arguments of one call (--arg EXPR, --kwarg NAME=EXPR)"
)


def innermost(func: Any) -> Any:
    """The function, class or object behind partials, bound methods and ``__call__``."""
    while isinstance(func, functools.partial) or inspect.ismethod(func):
        func = func.func if isinstance(func, functools.partial) else func.__func__
    if inspect.isroutine(func) or inspect.isclass(func):
        return func
    call = type(func).__call__
    return call if inspect.isfunction(call) else func


def kind_of(func: Callable[..., Any]) -> Kind:
    """What calling it gives. Of a class it is an instance: ``sync``. A decorator that hides a coroutine
    hides it here too."""
    function = innermost(func)
    if inspect.iscoroutinefunction(function):
        return "coroutine"
    if inspect.isasyncgenfunction(function):
        return "async-generator"
    return "generator" if inspect.isgeneratorfunction(function) else "sync"


def place_of(func: Callable[..., Any]) -> tuple[str | None, int | None]:
    """File and line of the definition, looking through decorators; None where there is no source, as in C."""
    function = inspect.unwrap(innermost(func))
    try:
        file = inspect.getsourcefile(function)
        line = inspect.getsourcelines(function)[1] if inspect.isclass(function) else function.__code__.co_firstlineno
    except (AttributeError, OSError, TypeError):
        return None, None
    return file, line if file else None


def name_of(func: Any) -> str:
    """``module:qualname`` of what is behind it, for people to read."""
    function = innermost(func)
    qualname = getattr(function, "__qualname__", None) or type(function).__qualname__
    return f"{getattr(function, '__module__', None) or type(function).__module__}:{qualname}"


def check_call(
    func: Callable[..., Any], text: str, inputs: Sequence[Any] | None, kwargs: Mapping[str, Any], star: bool
) -> None:
    """Compare the first call's arguments with the signature, where there is one; ``inputs`` is None if bare.

    :raises TargetError: when the call could only fail; tells the signature and how to give arguments
    """
    signature = _signature(func)
    if signature is None:
        return
    _check_names(signature, text, kwargs)
    item = inputs[0] if inputs else None
    given = () if inputs is None else tuple(item) if star else (item,)  # type: ignore[arg-type]
    try:
        signature.bind(*given, **kwargs)
    except TypeError as exc:
        if inputs is None:
            raise TargetError(f"{text}{signature} needs arguments ({exc}): {HOW_TO_GIVE}") from None
        raise TargetError(f"{text}{signature} cannot take {_told(given, kwargs)}: {exc}{_advice(item, star)}") from None


def _check_names(signature: inspect.Signature, text: str, kwargs: Mapping[str, Any]) -> None:
    """:raises TargetError: when a keyword is none of the parameters'"""
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    by_name = [p.name for p in signature.parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    unknown = [name for name in kwargs if name not in by_name]
    if not unknown or inspect.Parameter.VAR_KEYWORD in kinds:
        return
    takes = f"it takes {' and '.join(by_name)}" if by_name else "it takes none by name"
    raise TargetError(f"{text}{signature} has no parameter {' and no parameter '.join(unknown)} (--kwarg): {takes}")


def _signature(func: Callable[..., Any]) -> inspect.Signature | None:
    """What a call may pass. A decorator in Python decides that itself: it may add to what it is given."""
    for follow in (False, True):
        try:
            return inspect.signature(func, follow_wrapped=follow)
        except (TypeError, ValueError):
            continue
    return None


def _told(given: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    positional = "1 positional argument" if len(given) == 1 else f"{len(given)} positional arguments"
    return f"{positional} and {', '.join(kwargs)}" if kwargs else positional


def _advice(item: Any, star: bool) -> str:
    if not star and isinstance(item, tuple):
        return "; --star unpacks each input as positional arguments"
    return "; an argument that is the same in every call is given by --kwarg NAME=EXPR"
