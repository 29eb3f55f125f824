"""`@classify`: learn from real calls what a function is."""

from __future__ import annotations

import copyreg
from functools import update_wrapper
from types import FunctionType

from gilscope.errors import UsageError
from gilscope.production.cells import on_new_cell
from gilscope.production.function import Function, registered
from gilscope.production.holders import tell_of_holder
from gilscope.production.startup import begin, prepare
from gilscope.production.template import kind_of, maker_of, wrapper_of

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeVar, overload

    from gilscope.records import Kind

    #: What is decorated keeps its type to the letter; ParamSpec would lose defaults, overloads and static methods.
    F = TypeVar("F", bound="Callable[..., Any] | staticmethod[..., Any] | classmethod[Any, ..., Any]")

__all__ = ["classify"]

if TYPE_CHECKING:

    @overload
    def classify(func: F, /) -> F: ...
    @overload
    def classify(
        *,
        name: str | None = None,
        inputs: Iterable[Any] | Callable[[], Iterable[Any]] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        star: bool = False,
    ) -> Callable[[F], F]: ...


def classify(
    func: Any = None,
    /,
    *,
    name: str | None = None,
    inputs: Iterable[Any] | Callable[[], Iterable[Any]] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    star: bool = False,
) -> Any:
    """Learn from real calls what a function is: ``@classify`` or ``@classify(...)``.

    The function stays what it was; ``func.__gilscope__.profile()`` tells what its calls have shown. Works on functions,
    methods, class and static methods (above or below their decorator), coroutine functions, generators and
    asynchronous generators.

    :param name: what reports call it; ``module:qualname`` unless given
    :param inputs: one argument for each call of an analysis, or a callable that makes them: the function is then
        known to ``gilscope analyze``
    :param kwargs: keyword arguments of every such call
    :param star: whether each of the inputs is unpacked as positional arguments
    :raises UsageError: when this is no function
    """
    if func is None:
        return lambda later: _decorated(later, name, inputs, kwargs, star)
    return _decorated(func, name, inputs, kwargs, star)


def _decorated(func: Any, name: str | None, inputs: Any, kwargs: Mapping[str, Any] | None, star: bool) -> Any:
    if isinstance(func, staticmethod | classmethod):
        _check(func.__func__)
        return type(func)(_replaced(func.__func__, name, inputs, kwargs, star))
    _check(func)
    tell_of_holder(func)
    return _replaced(func, name, inputs, kwargs, star)


def _replaced(func: Any, name: str | None, inputs: Any, kwargs: Mapping[str, Any] | None, star: bool) -> Any:
    prepare()
    function = registered(Function(func, kind_of(func), name))
    if inputs is not None:
        function.inputs, function.kwargs, function.star = inputs, kwargs or {}, star
    if function.maker is None:
        function.maker = maker_of(func, function.kind)
    wrapper: Any = update_wrapper(wrapper_of(func, function.maker(func, function), function.name), func)
    wrapper.__gilscope__ = function
    return wrapper


def _check(func: Any) -> None:
    if isinstance(func, type):
        raise UsageError(f"class {func.__qualname__} cannot be classified as a whole: decorate its methods")
    if not isinstance(func, FunctionType) and not (callable(func) and hasattr(func, "__qualname__")):
        what = f"an object of type {type(func).__name__} is no function"
        raise UsageError(f"{what}: decorate the function itself, or the __call__ of its class")


def _reduced(function: Function) -> tuple[Any, ...]:
    """Pickled with a function that is pickled by value, as those of a notebook are: it counts anew over there."""
    given = (function.inputs, function.kwargs, function.star)
    return _restored, (function.function, function.kind, function.name, *given)


def _restored(func: Any, kind: Kind, name: str, inputs: Any, kwargs: Mapping[str, Any], star: bool) -> Function:
    function = registered(Function(func, kind, name))
    function.inputs, function.kwargs, function.star = inputs, kwargs, star
    return function


# Here, above all that it calls for: a process that unpickles a function begins what its environment asks for, too.
copyreg.pickle(Function, _reduced)
on_new_cell.append(begin)
