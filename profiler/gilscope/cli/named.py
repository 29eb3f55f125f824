"""From what the user named to the functions to analyze: one, or all that a module has decorated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gilscope.cli.exits import tell_skipped
from gilscope.errors import UsageError

if TYPE_CHECKING:
    from gilscope.targets import Decorated, TargetSpec

__all__ = ["functions_named", "require_one_function"]


def functions_named(given: TargetSpec, *, quiet: bool) -> list[TargetSpec]:
    """The target itself, or each decorated function of the module that it names; those that have no inputs are told,
    unless ``quiet``.

    :raises UsageError: when there is no such module, nothing in it can be analyzed, or its functions are given inputs
    :raises TargetFailedError: when the module's own code raises on import
    """
    from gilscope.targets import names_module

    if not names_module(given.spec):
        return [given]
    import msgspec

    from gilscope.analysis import survey

    if given.inputs is not None or given.args or given.star:
        raise UsageError(
            f"{given.spec!r} names no function (module:function), and of a module each function has its own inputs: "
            "leave out --inputs, --arg and --star"
        )
    decorated = survey(given)
    for function in decorated.functions:
        if function.why_not is not None and not quiet:
            tell_skipped(function.spec, function.why_not)
    specs = [function.spec for function in decorated.functions if function.why_not is None]
    if not specs:
        raise UsageError(_nothing(given.spec, decorated))
    return [msgspec.structs.replace(given, spec=spec) for spec in specs]


def require_one_function(targets: Sequence[str]) -> None:
    """:raises UsageError: when several are named, or none in a module"""
    from gilscope.targets import names_module

    if len(targets) > 1 or names_module(targets[0]):
        raise UsageError("--python measures one function under each Python: name one, as in module:function")


def _nothing(place: str, decorated: Decorated) -> str:
    modules = ", ".join(f"{place}.{name}" for name in decorated.modules)
    return (
        f"{place!r} names no function, and none in it is decorated with inputs: name one, as in module:function, or "
        f"decorate it with @classify(inputs=...)" + (f"; its modules are {modules}" if modules else "")
    )
