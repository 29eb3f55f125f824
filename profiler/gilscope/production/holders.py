"""Who was given a function before it was decorated, and so will call it past the decorator.

``@app.get("/")`` of FastAPI and Flask, Celery's ``@app.task``, ``singledispatch.register`` and signals keep the
function that they are given and return it. With ``@classify`` above them they have the bare function, whose calls
nobody counts.
"""

from __future__ import annotations

import gc
import sys
from _weakref import getweakrefcount, getweakrefs  # what weakref imports, which would take longer than all the rest
from functools import cache
from time import perf_counter
from types import FunctionType, ModuleType

from gilscope.production.template import is_wrapper
from gilscope.production.unavailable import tell

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["holder_of", "tell_of_holder"]

#: How far up from the function the holder is looked for: it, a list, a dictionary, the object that has this.
_STEPS = 4
#: Seconds that a process gives to looking, in all: a look goes through all objects there are, in some milliseconds.
_PATIENCE_S = 1.0
_spent_s = 0.0


def tell_of_holder(func: Any) -> None:
    """Log it, where somebody has the function already. To be called by what `classify` calls."""
    global _spent_s
    spec = f"{func.__module__}:{func.__qualname__}"
    try:
        if _spent_s > _PATIENCE_S or not _is_held(func) or _is_bound(func):
            return
        began = perf_counter()
        holder = holder_of(func)
        _spent_s += perf_counter() - began
    except Exception as error:  # an object whose very type raises when it is looked at: importing it must not fail
        tell(f"who else calls {spec} is unknown", error)
        return
    if holder is not None:
        tell(
            f"calls of {spec} by {holder} are not counted",
            "it was given the bare function before @classify was; put @classify next to the function, below the "
            "decorator that registers it",
        )


def holder_of(func: Any) -> str | None:
    """What keeps ``func``, by its type or name; None where that is no more than a variable."""
    seen = {id(func)}
    layer = [func, *getweakrefs(func)]
    for step in range(_STEPS):
        above = [each for each in gc.get_referrers(*layer) if id(each) not in seen and each is not layer]
        for each in above:
            if (name := _name(each)) is not None:
                return name
            if step and (variable := _variable(each, layer)) is not None:
                return variable
        layer = [each for each in above if _is_container(each)]
        seen.update(map(id, layer))
        if not layer:
            break
    return None


def _is_held(func: Any) -> bool:
    if not hasattr(sys, "getrefcount"):  # PyPy
        return False
    return sys.getrefcount(func) > _references_of_new() or getweakrefcount(func) > 0


@cache
def _references_of_new() -> int:
    """To a function that nobody has but the call that decorates it, and what that calls: the same number of them."""

    def classify(func: Any) -> int:
        return decorated(func)

    def decorated(func: Any) -> int:
        return tell_of(func)

    def tell_of(func: Any) -> int:
        return is_held(func)

    def is_held(func: Any) -> int:
        return sys.getrefcount(func)

    return classify(lambda: None)


def _is_bound(func: Any) -> bool:
    """Whether it is called by its name already: who decorates it then does so on purpose, and not by a decorator."""
    found: Any = sys.modules.get(func.__module__)
    for name in func.__qualname__.split("."):
        found = getattr(found, "__dict__", {}).get(name)
    return found is func


def _is_container(each: Any) -> bool:
    """Whether it says nothing by itself: who holds it does. Not the variables of a call, nor those of a module."""
    return type(each).__module__ in _PLAIN and not isinstance(each, FunctionType | ModuleType) and not _is_module(each)


_PLAIN = ("builtins", "collections", "functools", "weakref", "_weakref", "types")


def _is_module(each: Any) -> bool:
    name = each.get("__name__") if type(each) is dict else None
    module = sys.modules.get(name) if isinstance(name, str) else None
    return module is not None and module.__dict__ is each


def _variable(each: Any, held: list[Any]) -> str | None:
    """The variable of a module in which one of the containers is."""
    if not _is_module(each):
        return None
    return next(
        (f"{each['__name__']}.{name}" for name, value in each.items() if any(value is one for one in held)), None
    )


def _name(each: Any) -> str | None:
    """Of an object that says by itself what it is, and is none of gilscope's."""
    if type(each).__module__ in _PLAIN and not isinstance(each, FunctionType | type):
        return None
    named = each if isinstance(each, FunctionType | type) else type(each)
    ours = is_wrapper(each) or named.__module__.partition(".")[0] == "gilscope"
    return None if ours else f"{named.__module__}.{named.__qualname__}"
