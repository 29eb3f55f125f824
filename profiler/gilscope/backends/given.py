"""What a call gives, where the function does not say so before: a decorator that is a plain function, a partial or an
object that can be called may hide that it gives a coroutine or a generator, with which nothing is done yet."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gilscope.records import Kind

__all__ = ["Given"]

#: What `asyncio.get_running_loop` says where there is none: the function is for coroutines, and gives an awaitable.
NO_LOOP = "no running event loop"


class Given:
    """What the calls of one worker gave."""

    def __init__(self) -> None:
        self.kind: Kind = "sync"
        self.calls = 0

    def noting(self, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """``call``, and the kind of what it gives noted."""

        def noted(item: Any) -> Any:
            self.calls += 1
            try:
                result = call(item)
            except RuntimeError as error:
                if str(error) == NO_LOOP:
                    self.kind = "coroutine"
                raise
            kind = _kind_of(result)
            if kind != "sync":
                self.kind = kind
            return result

        return noted


def _kind_of(result: Any) -> Kind:
    if inspect.iscoroutine(result):
        result.close()  # it will be awaited in a call of its own; else Python warns that it never was
        return "coroutine"
    if inspect.isawaitable(result):
        return "coroutine"
    if inspect.isasyncgen(result):
        return "async-generator"
    return "generator" if inspect.isgenerator(result) else "sync"
