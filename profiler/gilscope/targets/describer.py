"""From a function object and inputs to a `TargetSpec`, for callers of the library."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gilscope.choosing import require_kind
from gilscope.errors import InputsError, TargetError
from gilscope.subprocesses import current_folder
from gilscope.targets.blame import one_line
from gilscope.targets.callables import name_of
from gilscope.targets.decorated import declared
from gilscope.targets.inputs import is_maker, take
from gilscope.targets.payload import Payload, dumps
from gilscope.targets.resolver import importing, script_problem
from gilscope.targets.spec import DEFAULT_MAX_INPUTS, PROGRAM, TargetSpec, is_text
from gilscope.unpicklable import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def describe(
    func: Callable[..., Any],
    inputs: Iterable[Any] | Callable[[], Iterable[Any]] | None = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    star: bool = False,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[[], Any] | None = None,
    max_inputs: int = DEFAULT_MAX_INPUTS,
) -> TargetSpec:
    """What another process needs to run ``func`` over ``inputs``.

    A function that can be imported is sent by its name, one of a script by the script's path; lambdas,
    closures, bound methods and functions of a notebook are pickled. Inputs are pickled, at most
    ``max_inputs``; a callable makes them in the other process instead. Where none are given, those that
    `@classify` was given are taken.

    :raises TargetError: ``func`` is not callable or cannot be pickled, or a target being imported asks for an
        analysis
    :raises UsageError: the working folder was deleted
    :raises InputsError: the inputs are empty, not iterable, or cannot be pickled
    :raises TargetFailedError: iterating over the inputs raises
    """
    _refuse_recursion()
    if not callable(func):
        raise TargetError(f"a {type(func).__name__} cannot be called: give a function")
    for what, hook in (("setup", setup), ("teardown", teardown)):
        if hook is not None and not callable(hook):
            raise TargetError(f"{what} is of type {type(hook).__name__}, which cannot be called: give a function")
    if kwargs is not None:
        require_kind("kwargs", kwargs, Mapping, "mapping of names to arguments")
    cwd, main = current_folder(), caller_main()
    name = _importable_name(func, main)
    if name is None and inputs is None and (known := declared(func)):  # one found by its name is asked over there
        inputs, kwargs, star = known.inputs, {**known.kwargs, **(kwargs or {})}, star or known.star
    payload = Payload(
        func=func if name is None else None,
        kwargs=dict(kwargs or {}),
        setup=setup,
        teardown=teardown,
        **_inputs(inputs, max_inputs),
    )
    return TargetSpec(
        spec=name or name_of(func),
        star=star,
        max_inputs=max_inputs,
        sys_path=tuple(os.path.abspath(entry) for entry in sys.path if is_text(entry)),
        cwd=cwd,
        main=main,
        payload=_pickled(payload, func, main),
    )


def caller_main() -> str | None:
    """What ``__main__`` is, in words another process can import: a path or a module's name. None for an
    interactive session, for ``python -c``, and for a script that cannot be imported by its name."""
    main = sys.modules.get("__main__")
    if main is None or hasattr(sys, "ps1"):
        return None
    spec = getattr(main, "__spec__", None)
    if spec is not None:  # python -m
        name: str = spec.name
        return None if name == "__main__" else name
    file: str | None = getattr(main, "__file__", None)
    if file is None or Path(file).suffix != ".py" or script_problem(Path(file)) is not None:
        return None
    return os.path.abspath(file)


def _refuse_recursion() -> None:
    if importing():
        raise TargetError(
            "an analysis was asked for while gilscope imported the target: put the call under "
            "if __name__ == '__main__':"
        )


def _importable_name(func: Any, main: str | None) -> str | None:
    """The spec by which another process finds the very same object; None when there is none."""
    module, qualname = getattr(func, "__module__", None), getattr(func, "__qualname__", None)
    place = main if module in PROGRAM else module
    if place is None or not qualname or module not in sys.modules:
        return None
    try:
        found = attrgetter(qualname)(sys.modules[module])
    except AttributeError:  # defined inside a function, or its name now means something else
        return None
    return f"{place}:{qualname}" if found is func and not _needs_instance(module, qualname) else None


def _needs_instance(module: str, qualname: str) -> bool:
    """Whether the name is a method's: loading would bind it to an instance, but a function was passed."""
    owner, _, name = qualname.rpartition(".")
    return bool(owner) and inspect.isfunction(inspect.getattr_static(attrgetter(owner)(sys.modules[module]), name))


def _inputs(inputs: Any, max_inputs: int) -> dict[str, Any]:
    if inputs is None:
        return {}
    if is_maker(inputs):
        return {"make_inputs": inputs}
    items, truncated = take(inputs, max_inputs, "inputs")
    return {"items": items, "truncated": truncated, "inputs_type": type(inputs).__name__}


# ---- pickling, and telling what cannot be ----


def _pickled(payload: Payload, func: Any, main: str | None) -> bytes:
    try:
        return dumps(payload, main)
    except Exception as exc:  # whatever the user's objects raise
        raise _unpicklable(payload, func, main, one_line(exc)) from exc


def _unpicklable(payload: Payload, func: Any, main: str | None, why: str) -> Exception:
    def told(what: str, part: Any) -> str | None:
        return explain(what, part, lambda value: dumps(value, main))

    for index, item in enumerate(payload.items or ()):
        if reason := told(f"input {index}", item):
            return InputsError(f"{reason}: give --inputs a function that makes them there")
    parts = {
        **{f"keyword argument {name!r}": value for name, value in payload.kwargs.items()},
        "its setup": payload.setup,
        "its teardown": payload.teardown,
        "the callable that makes the inputs": payload.make_inputs,
        "the function": payload.func,
    }
    found = next((reason for what, part in parts.items() if (reason := told(what, part))), why)
    return TargetError(
        f"{name_of(func)} cannot be sent to another process ({found}): define it in a module that can be "
        "imported, and make what it needs inside it or in a setup function"
    )
