"""The executor backends, loaded by name when asked for.

Those of the core are listed here. Others are `Backend` subclasses that a package names in the entry-point group
``gilscope.backends``, or, where they shall be tried only if asked for by name, as task queues are, in
``gilscope.queues``.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from gilscope.errors import UsageError

if TYPE_CHECKING:
    from gilscope.backends.base import Backend

__all__ = ["get", "known", "names"]

GROUP, BY_NAME_GROUP = "gilscope.backends", "gilscope.queues"
OWN = {
    "serial": "gilscope.backends.serial:Serial",
    "thread": "gilscope.backends.thread:Thread",
    "process": "gilscope.backends.process:Process",
    "asyncio": "gilscope.backends.asyncio_:Asyncio",
    "interpreter": "gilscope.backends.interpreter:Interpreter",
}


def names() -> tuple[str, ...]:
    """The names of the backends that are tried unasked: gilscope's own pools first, then installed third parties'."""
    by_name = _declared(BY_NAME_GROUP)
    own = [name for name in OWN if name != "interpreter" or sys.version_info >= (3, 14)]
    return (*own, *(name for name in _declared(GROUP) if name not in by_name))


def known() -> tuple[str, ...]:
    """Those, and the ones that are tried only where they are named: the task queues."""
    return (*names(), *_declared(BY_NAME_GROUP))


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
    by_name = _declared(BY_NAME_GROUP)
    value = ({**_declared(GROUP), **by_name, **OWN}).get(name)
    if value is None:
        from gilscope.choosing import did_you_mean

        raise UsageError(f"no backend {name!r}; there are {', '.join(known())}{did_you_mean(name, known())}")
    module, _, attribute = value.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)()
    except UsageError:  # an extra is not installed
        raise
    except Exception as error:
        raise UsageError(f"backend {name!r} ({value}) cannot be loaded: {error!r}") from error


def _declared(group: str) -> dict[str, str]:
    """What packages declare, but for the names of the core and the parts of this package that were deleted."""
    from gilscope.entry_points import declared  # not at the top: workers import this package, and need none of it

    return {name: value for name, value in declared(group).items() if name not in OWN and not _is_deleted(value)}


def _is_deleted(value: str) -> bool:
    """Of a third party's that is not there the user is told, for it is broken."""
    from importlib.util import find_spec

    try:
        return value.startswith("gilscope.") and find_spec(value.partition(":")[0]) is None
    except ModuleNotFoundError:  # its folder is not there
        return True
