"""The executor backends, loaded by name when asked for.

Those of the core are listed here. Others are `Backend` subclasses that a package names in the entry-point group
``gilscope.backends``, or, where they shall be tried only if asked for by name, as task queues are, in
``gilscope.queues``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from gilscope.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from gilscope.backends.base import Backend

__all__ = ["get", "names"]

GROUP, BY_NAME_GROUP = "gilscope.backends", "gilscope.queues"
OWN = {
    "serial": "gilscope.backends.serial:Serial",
    "thread": "gilscope.backends.thread:Thread",
    "process": "gilscope.backends.process:Process",
    "asyncio": "gilscope.backends.asyncio_:Asyncio",
}


def names() -> tuple[str, ...]:
    """The names of the backends that are tried unasked: gilscope's own pools first, then installed third parties'."""
    by_name = {entry.name for entry in _registered(BY_NAME_GROUP)}
    return (*OWN, *(entry.name for entry in _registered(GROUP) if entry.name not in by_name))


def get(name: str) -> Backend:
    """The backend called ``name``.

    :raises UsageError: when there is none, or it cannot be loaded
    """
    from gilscope.backends.base import Backend

    made = _load(name)
    if not isinstance(made, Backend):
        raise UsageError(f"backend {name!r} is not a gilscope.backends.base.Backend; ask its author to mend it")
    return made


def _load(name: str) -> object:
    if name in OWN:
        module, _, attribute = OWN[name].partition(":")
        return getattr(importlib.import_module(module), attribute)()
    by_name = _registered(BY_NAME_GROUP)
    for entry in [*by_name, *_registered(GROUP)]:
        if entry.name == name:
            try:
                return entry.load()()
            except UsageError:  # an extra is not installed
                raise
            except Exception as error:
                raise UsageError(f"backend {name!r} ({entry.value}) cannot be loaded: {error!r}") from error
    import difflib

    known = (*names(), *(entry.name for entry in by_name))
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"no backend {name!r}; there are {', '.join(known)}{hint}")


def _registered(group: str) -> list[EntryPoint]:
    """What packages registered, but for the names of the core and the parts of this package that were deleted."""
    from importlib.metadata import entry_points  # not at the top: workers import this package, and need none of it

    return [entry for entry in entry_points(group=group) if entry.name not in OWN and not _is_deleted(entry)]


def _is_deleted(entry: EntryPoint) -> bool:
    if entry.module.partition(".")[0] != "gilscope":
        return False  # a third party's is broken then, which is told
    from importlib.util import find_spec

    try:
        return find_spec(entry.module) is None
    except ModuleNotFoundError:  # its folder is not there
        return True
