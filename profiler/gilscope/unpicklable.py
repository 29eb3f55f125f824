"""Which part of an object cannot be pickled, and how to get to it."""

from __future__ import annotations

import functools
import inspect
import pickle
import types
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

__all__ = ["explain", "explain_calls"]

#: Parts of one object that are tried, and how far the search goes down: what is found by then names a part near enough.
MOST_PARTS = 10_000
MOST_DEEP = 50


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, data: Any) -> int:
        return len(data)


def explain(what: str, value: Any, dump: Callable[[Any], object] | None = None) -> str | None:
    """Why ``value`` cannot be pickled, with the path to the part that is in the way: ``an argument cannot be pickled:
    its .session.lock is a _thread.lock (cannot pickle '_thread.lock' object)``. None when it can be.

    :param what: what the value is to the reader, to begin the sentence with
    :param dump: pickles functions with what they use where no name finds them; None: as pickle does
    """
    parts = _parts if dump is None else _parts_by_value
    dump = dump or _pickle
    error = _problem(value, dump)
    if error is None:
        return None
    path, culprit, error = _culprit(value, error, dump, parts)
    return f"{what} cannot be pickled: {'its ' + path if path else 'it'} is {_described(culprit)} ({error})"


def explain_calls(kwargs: dict[str, Any], chunks: Iterable[Iterable[Any]]) -> str | None:
    """`explain` for the first argument of some calls that cannot be pickled; None when all can."""
    told = explain("an argument", kwargs)
    arguments = (item for chunk in chunks for item in chunk)
    return told or next(filter(None, (explain("an argument", item) for item in arguments)), None)


def _pickle(value: Any) -> None:
    pickle.Pickler(_Nowhere()).dump(value)


def _problem(value: Any, dump: Callable[[Any], object]) -> Exception | None:
    try:
        dump(value)
    except Exception as error:  # whatever the object's own methods raise, too
        return error
    return None


def _culprit(
    value: Any, error: Exception, dump: Callable[[Any], object], parts_of: Callable[[Any], Iterator[tuple[str, Any]]]
) -> tuple[str, Any, Exception]:
    """The deepest part that cannot be pickled though each of its own parts can."""
    path, seen = "", {id(value)}
    while len(seen) <= MOST_DEEP and not isinstance(error, RecursionError):
        parts = islice(parts_of(value), MOST_PARTS)
        tried = ((label, part, _problem(part, dump)) for label, part in parts if id(part) not in seen)
        found = next(((label, part, problem) for label, part, problem in tried if problem is not None), None)
        if found is None:
            break
        path, value, error = path + found[0], found[1], found[2]
        seen.add(id(value))
    return path.strip(), value, error


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What pickling an object goes on to, and how each part is reached from it."""
    if isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
    elif isinstance(value, functools.partial):
        yield ".func", value.func
        yield from ((f".args[{number}]", part) for number, part in enumerate(value.args))
        yield from ((f".keywords[{name!r}]", part) for name, part in value.keywords.items())
    elif isinstance(value, list | tuple | dict | set | frozenset):
        yield from _members(value)
    if not isinstance(value, type | types.FunctionType | types.ModuleType):  # these are pickled by their names
        yield from _state(value)


def _parts_by_value(value: Any) -> Iterator[tuple[str, Any]]:
    """The same, and what a function uses."""
    if isinstance(value, types.FunctionType):
        used = inspect.getclosurevars(value)
        yield from ((f" variable {name!r}", part) for name, part in {**used.globals, **used.nonlocals}.items())
    yield from _parts(value)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"[{_short(key)}]", part) for key, part in value.items())
        yield from ((" key", key) for key in value)
    elif isinstance(value, list | tuple):
        yield from ((f"[{number}]", part) for number, part in enumerate(value))
    else:
        yield from ((" member", part) for part in value)


def _state(value: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that are pickled: what ``__getstate__`` gives, which for most objects is their ``__dict__``."""
    try:
        state = value.__getstate__()
    except Exception:  # refused there, or by an object that has none: the object itself is in the way
        return
    for attributes in state if isinstance(state, tuple) else (state,):  # a pair where there are slots
        if isinstance(attributes, dict):
            yield from ((f".{name}", part) for name, part in attributes.items())


def _short(key: Any) -> str:
    text = repr(key) if isinstance(key, str | bytes | int | float | bool | None) else f"a {type(key).__name__}"
    return text if len(text) <= 40 else text[:37] + "..."


def _described(culprit: Any) -> str:
    """What a part is: a function with the reason no other process finds it, else its type."""
    if isinstance(culprit, types.FunctionType):
        name = culprit.__qualname__
        if culprit.__name__ == "<lambda>":
            return f"the lambda in line {culprit.__code__.co_firstlineno} of {culprit.__module__}"
        if "<locals>" in name:
            return f"the function {name}, which is defined inside another"
        return f"the function {culprit.__module__}.{name}"
    if isinstance(culprit, type):
        return f"the class {culprit.__module__}.{culprit.__qualname__}"
    kind = type(culprit)
    home = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"a {home}{kind.__qualname__}"
