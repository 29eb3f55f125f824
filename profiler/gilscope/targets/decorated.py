"""What `@classify` knows of a target: the inputs it was given, and which functions of a module have any."""

from __future__ import annotations

import pkgutil
import sys
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope.errors import TargetError
from gilscope.production.function import Function, functions
from gilscope.targets.resolver import import_place, prepare_path, working_folder

if TYPE_CHECKING:
    from collections.abc import Container
    from types import ModuleType

    from gilscope.targets.spec import TargetSpec

#: Where the decorator keeps what it was given, on the function.
ATTRIBUTE = "__gilscope__"


class DecoratedFunction(msgspec.Struct, frozen=True, kw_only=True):
    """A function of a module, as a target is named."""

    spec: str
    why_not: str | None = None
    """Why it cannot be analyzed as it stands; None when it can."""


class Decorated(msgspec.Struct, frozen=True, kw_only=True):
    """The decorated functions of a module, in the order of decoration."""

    functions: tuple[DecoratedFunction, ...]
    modules: tuple[str, ...] = ()
    """What the module holds in turn, when it is a package: its modules are not imported for this."""


def declared(func: Any) -> Function | None:
    """What `@classify` was given on ``func``; None when it was given no inputs."""
    found = getattr(func, ATTRIBUTE, None)
    return found if isinstance(found, Function) and found.inputs is not None else None


def with_declared(spec: TargetSpec, func: Any, given: Container[str] = ()) -> TargetSpec:
    """The target as if the user had named the inputs that `@classify` was given; as it is, where he named others.

    :param given: the keyword arguments he gave, which go before those of the decorator
    """
    found = declared(func)
    if found is None or spec.args or spec.inputs is not None:
        return spec
    place = f"{spec.spec.rpartition(':')[2]}.{ATTRIBUTE}"
    kwargs = {name: f"{place}.kwargs[{name!r}]" for name in found.kwargs if name not in given}
    return msgspec.structs.replace(
        spec, inputs=f"{spec.spec}.{ATTRIBUTE}.inputs", kwargs={**kwargs, **spec.kwargs}, star=spec.star or found.star
    )


def decorated_in(place: TargetSpec) -> Decorated:
    """Import the module or file that ``place`` names, and find what is decorated in it, and below it in what it
    imports.

    :raises TargetError: when it is not there
    :raises TargetFailedError: when its own code raised
    """
    prepare_path(place)
    try:
        module = import_place(place.spec, working_folder(place))
    except TargetError as error:
        raise TargetError(f"{place.spec!r} names no function (module:function), nor a module: {error}") from None
    return Decorated(
        functions=tuple(
            _told(function, module, place.spec)
            for function in functions()
            if f"{function.spec.partition(':')[0]}.".startswith(f"{module.__name__}.")
        ),
        modules=tuple(found.name for found in pkgutil.iter_modules(getattr(module, "__path__", []))),
    )


def _told(function: Function, module: ModuleType, place: str) -> DecoratedFunction:
    home, _, name = function.spec.partition(":")
    spec = f"{place}:{name}" if home == module.__name__ else function.spec
    if function.inputs is None:
        return DecoratedFunction(spec=spec, why_not="it has no inputs; give it some with @classify(inputs=...)")
    if not _is_found(function, home, name):
        return DecoratedFunction(
            spec=spec, why_not="its name does not lead to it: it was made in a function or replaced"
        )
    return DecoratedFunction(spec=spec)


def _is_found(function: Function, home: str, name: str) -> bool:
    try:
        return getattr(attrgetter(name)(sys.modules[home]), ATTRIBUTE, None) is function
    except (AttributeError, KeyError):
        return False
