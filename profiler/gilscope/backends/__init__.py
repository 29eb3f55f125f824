"""The executor backends, loaded by name when asked for.

Own ones are listed here; a third party's package names its `Backend` subclass in the entry-point group
``gilscope.backends``.
"""

from __future__ import annotations

import difflib
import importlib
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from gilscope.errors import UsageError

if TYPE_CHECKING:
    from gilscope.backends.base import Backend

__all__ = ["get", "names"]

GROUP = "gilscope.backends"
OWN = {
    "serial": "gilscope.backends.serial:Serial",
    "thread": "gilscope.backends.thread:Thread",
    "process": "gilscope.backends.process:Process",
    "asyncio": "gilscope.backends.asyncio_:Asyncio",
}


def names() -> tuple[str, ...]:
    """The names of all backends: gilscope's own first, then installed third parties'."""
    return (*OWN, *(entry.name for entry in entry_points(group=GROUP) if entry.name not in OWN))


def get(name: str) -> Backend:
    """The backend called ``name``.

    :raises UsageError: when there is none, or a third party's cannot be loaded
    """
    from gilscope.backends.base import Backend

    made = _load(name)()
    if not isinstance(made, Backend):
        raise UsageError(f"backend {name!r} is not a gilscope.backends.base.Backend; ask its author to mend it")
    return made


def _load(name: str) -> type[Backend]:
    if name in OWN:
        module, _, attribute = OWN[name].partition(":")
        found: type[Backend] = getattr(importlib.import_module(module), attribute)
        return found
    for entry in entry_points(group=GROUP, name=name):
        try:
            loaded: type[Backend] = entry.load()
        except Exception as error:
            raise UsageError(f"backend {name!r} ({entry.value}) cannot be loaded: {error!r}") from error
        return loaded
    near = difflib.get_close_matches(name, names(), 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"no backend {name!r}; there are {', '.join(names())}{hint}")
