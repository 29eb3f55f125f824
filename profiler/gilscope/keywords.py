"""Options in errors as the caller gives them: messages have flags, and who calls from Python is told keywords."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, ParamSpec, TypeVar

from gilscope.errors import GilscopeError

__all__ = ["in_keywords", "naming_keywords", "options_are_typed"]

P = ParamSpec("P")
T = TypeVar("T")
_typed: ContextVar[bool] = ContextVar("typed", default=False)
#: A flag, and what stands for its value.
_FLAG: Final = re.compile(
    r"(?<![\w-])(?P<flag>--[a-z][a-z0-9-]*)(?: (?:module:NAME|BASE\.json|NAME=EXPR|[A-Z]{2,}(?:,\.\.\.)?|N)(?!\w))?"
)


@contextmanager
def options_are_typed() -> Iterator[None]:
    """Within, errors name flags, as on the command line."""
    token = _typed.set(True)
    try:
        yield
    finally:
        _typed.reset(token)


def naming_keywords(names: Callable[[], Mapping[str, str]]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Have the errors of a function name keywords where options are not typed.

    :param names: makes the keywords by their flags
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def named(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return function(*args, **kwargs)
            except GilscopeError as error:
                if not _typed.get():
                    error.args = (in_keywords(str(error), names()), *error.args[1:])
                raise

        return named

    return decorate


def in_keywords(message: str, names: Mapping[str, str]) -> str:
    """A message with keywords in the place of those flags that have one."""
    return _FLAG.sub(lambda found: names.get(found["flag"], found[0]), message)
