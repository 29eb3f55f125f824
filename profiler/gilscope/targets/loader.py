"""From a `TargetSpec` to the function and its inputs, in the process that will run them."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass, field
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope.errors import InputsError, TargetError
from gilscope.records import ImportCost, Kind, Target
from gilscope.targets.blame import blame
from gilscope.targets.callables import check_call, kind_of, name_of, place_of
from gilscope.targets.captured import WithKeywords, captured_folder, captured_inputs, underlying
from gilscope.targets.decorated import with_declared
from gilscope.targets.inputs import digest_of, evaluate, is_maker, take, unpackable
from gilscope.targets.payload import Payload, unpickle
from gilscope.targets.resolver import find, need_callable, prepare_path, working_folder
from gilscope.targets.spec import comes_first

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gilscope.targets.session import Session
    from gilscope.targets.spec import TargetSpec

_NO_INPUT = (None,)


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What is known of a target once it is loaded: as other processes may be told."""

    target: Target
    module: str
    """The module's name, by which other processes can import it too."""
    name: str
    """The qualified name inside the module."""
    kind: Kind
    input_count: int
    """One for each call of an order; a ``bare`` target has one too, which no call is given."""
    bare: bool
    """Whether the function is called without any input."""
    star: bool
    """Whether each input is unpacked as positional arguments."""
    keywords: bool = False
    """Whether these are the positional and the keyword arguments of a call (`gilscope.targets.captured`)."""
    named: bool
    """Whether its name finds it; else it was passed as an object."""
    instance: bool
    """Whether it is a method whose class was called, without arguments, to make its instance."""
    inputs_named: bool
    """Whether the target's ``inputs`` is a name by which other programs find them too."""
    inputs_callable: bool
    """Whether that names a callable that made them."""
    expressions: dict[str, str]
    """The keyword arguments that were given as expressions, or that `@classify` was given, as expressions."""
    setup: str | None
    """What sets it up, as ``module:function``; None where nothing does."""
    teardown: str | None
    import_s: float
    """Seconds to import the target (and to unpickle what the caller passed as objects)."""
    imports: tuple[ImportCost, ...] = ()


@dataclass(frozen=True)
class LoadedTarget:
    """A target ready to run."""

    about: Loaded
    func: Callable[..., Any]
    items: list[Any]
    """One per call. A ``bare`` target has one placeholder, which no call is given."""
    kwargs: dict[str, Any] = field(default_factory=dict)
    setup: Callable[[], Any] | None = None
    teardown: Callable[[], Any] | None = None
    is_set_up: bool = False
    """Whether the set-up was called in this process, before the target was imported."""
    session: Session | None = None
    """What it uses of the caller's session, to be defined wherever it runs; None where modules define all of it."""


@dataclass(frozen=True)
class _Inputs:
    items: list[Any]
    label: str | None = None
    star: bool = False
    made: bool = False
    truncated: bool = False


def load(spec: TargetSpec) -> LoadedTarget:
    """Import the target and make its inputs. Changes ``sys.path``, so that the user's modules are found here
    and in every worker process. A set-up that comes first is called.

    ``module:Class.method`` for an instance method is bound to ``Class()``, made once.

    :raises TargetError: the target is not there, is not callable, or does not take the arguments given
    :raises InputsError: the inputs are not there, not iterable, or empty
    :raises TargetFailedError: the user's own code raised, or called ``sys.exit``
    """
    prepare_path(spec)
    early = _set_up_first(spec)
    began = perf_counter()
    sent, session = unpickle(spec, working_folder(spec))
    captured = captured_folder(spec, working_folder(spec))
    module, name, found, func = _target(spec, sent, bound=captured is None)
    import_s = perf_counter() - began
    spec = spec if sent.func or sent.has_inputs else with_declared(spec, found, sent.kwargs)
    kwargs = {**sent.kwargs, **_evaluated(spec, module)}
    kind = spec.kind or kind_of(func)
    if captured is None:
        inputs, call = _inputs(spec, sent, module), func
    else:
        inputs, call = _captured(captured, spec, func)
    check_call(call, spec.spec, inputs.items if inputs.label else None, kwargs, inputs.star)
    setup = early or sent.setup or _hook("--setup", spec.setup, spec, module)
    teardown = sent.teardown or _hook("--teardown", spec.teardown, spec, module)
    about = Loaded(
        target=_record(spec, func, inputs, kwargs),
        module=module.__name__,
        name=name,
        kind=kind,
        input_count=len(inputs.items),
        bare=inputs.label is None,
        star=inputs.star,
        keywords=isinstance(call, WithKeywords),
        named=sent.func is None,
        instance=captured is None and sent.func is None and func is not found,
        inputs_named=captured is None and spec.inputs is not None,
        inputs_callable=inputs.made,
        expressions=spec.kwargs,
        setup=_named(setup),
        teardown=_named(teardown),
        import_s=import_s,
    )
    return LoadedTarget(about, call, inputs.items, kwargs, setup, teardown, early is not None, session)


def _named(hook: Callable[[], Any] | None) -> str | None:
    """Where it is found, if it is a function of a module; else what it is."""
    if hook is None:
        return None
    name = getattr(hook, "__qualname__", None)
    return f"{hook.__module__}:{name}" if name else type(hook).__name__


def _set_up_first(spec: TargetSpec) -> Callable[[], Any] | None:
    """The set-up, called, where it comes before the import of the target: frameworks are configured so."""
    if spec.setup is None or not comes_first(spec.setup, spec.spec):
        return None
    setup = _hook("--setup", spec.setup, spec, None)
    assert setup is not None, "it has a name"
    with blame(f"the set-up {spec.setup}"):
        setup()
    return setup


def _record(spec: TargetSpec, func: Callable[..., Any], inputs: _Inputs, kwargs: dict[str, Any]) -> Target:
    file, line = place_of(func)
    return Target(
        spec=spec.spec,
        kind=spec.kind or kind_of(func),
        file=file,
        line=line,
        inputs=inputs.label,
        input_count=len(inputs.items) if inputs.label else 0,
        inputs_truncated=inputs.truncated,
        inputs_digest=digest_of(inputs.items, kwargs),
    )


def _captured(folder: Path, spec: TargetSpec, func: Callable[..., Any]) -> tuple[_Inputs, Callable[..., Any]]:
    """Calls that a program made, and what is called with them."""
    found = captured_inputs(folder, spec, func, working_folder(spec))
    return _Inputs(list(found.items), found.label, star=True, truncated=found.truncated), found.func


def _target(spec: TargetSpec, sent: Payload, *, bound: bool) -> tuple[ModuleType, str, Any, Callable[..., Any]]:
    """Its module and name, what the name means, and what is called: for a method its instance's.

    :param bound: whether it is; else the function itself is called, with its object
    """
    if sent.func is not None:
        place, _, name = name_of(sent.func).partition(":")
        return sys.modules.get(place) or ModuleType(place), name, sent.func, sent.func
    module, owner, found = find(spec.spec, working_folder(spec))
    name = spec.spec.rpartition(":")[2]
    if not bound:
        return module, name, found, underlying(need_callable(found, spec.spec))
    return module, name, found, _bound(owner, need_callable(found, spec.spec), name, spec.spec)


def _bound(owner: Any, func: Any, name: str, text: str) -> Any:
    """A method that needs an instance, bound to one; anything else as it is."""
    attribute = name.rpartition(".")[2]
    if not inspect.isclass(owner) or not inspect.isfunction(inspect.getattr_static(owner, attribute, None)):
        return func
    try:
        inspect.signature(owner).bind()
    except TypeError as exc:
        raise TargetError(
            f"{text} needs an instance, and {owner.__name__}{inspect.signature(owner)} cannot make one "
            f"without arguments ({exc}): give a function, or bind the method to a name in its module"
        ) from None
    except ValueError:  # a constructor in C: only calling it tells
        pass
    with blame(f"making an instance with {owner.__name__}()"):
        return getattr(owner(), attribute)


def _evaluated(spec: TargetSpec, module: ModuleType) -> dict[str, Any]:
    return {name: evaluate(text, module, f"--kwarg {name}=") for name, text in spec.kwargs.items()}


def _inputs(spec: TargetSpec, sent: Payload, module: ModuleType) -> _Inputs:
    if spec.args:
        return _one_call(spec, module)
    if spec.inputs is not None:
        return _referred(spec, spec.inputs, module)
    if sent.items is not None:
        label = f"the {sent.inputs_type} given"
        items: list[Any] = unpackable(sent.items, label) if spec.star else sent.items
        return _Inputs(items, label, spec.star, truncated=sent.truncated)
    if sent.make_inputs is not None:
        return _taken(spec, sent.make_inputs, f"{getattr(sent.make_inputs, '__name__', 'the callable given')}")
    if spec.star:
        raise InputsError("star unpacks each of the inputs, but there are none: give --inputs module:NAME")
    return _Inputs(list(_NO_INPUT))


def _one_call(spec: TargetSpec, module: ModuleType) -> _Inputs:
    values = tuple(evaluate(text, module, "--arg") for text in spec.args)
    label = " ".join(f"--arg {text}" for text in spec.args)
    return _Inputs([values[0]] if len(values) == 1 else [values], label, star=len(values) > 1)


def _referred(spec: TargetSpec, reference: str, module: ModuleType) -> _Inputs:
    try:
        home, _, source = find(reference, working_folder(spec), module)
    except TargetError as exc:
        raise InputsError(_of_option("--inputs", reference, exc)) from None
    label = reference if home is not module or ":" in reference else f"{spec.spec.rpartition(':')[0]}:{reference}"
    return _taken(spec, source, label)


def _taken(spec: TargetSpec, source: Any, label: str) -> _Inputs:
    items, truncated = take(source, spec.max_inputs, label)
    taken: list[Any] = unpackable(items, label) if spec.star else items
    return _Inputs(taken, label, spec.star, is_maker(source), truncated)


def _hook(option: str, reference: str | None, spec: TargetSpec, module: ModuleType | None) -> Callable[[], Any] | None:
    if reference is None:
        return None
    try:
        hook: Callable[[], Any] = need_callable(find(reference, working_folder(spec), module)[2], reference)
        check_call(hook, reference, None, {}, star=False)
    except TargetError as exc:
        raise TargetError(_of_option(option, reference, exc)) from None
    return hook


def _of_option(option: str, reference: str, error: TargetError) -> str:
    """What is the matter with what was given for an option."""
    return f"{option} {reference!r}: {str(error).removeprefix(f'{reference!r}: ')}"
