"""The executor backends, loaded by name when asked for.

Own ones are listed here; a third party's package names its `Backend` subclass in the entry-point group
``gilscope.backends``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from gilscope.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

    from gilscope.backends.base import Backend

__all__ = ["get", "names"]

GROUP = "gilscope.backends"
OWN = {
    "serial": "gilscope.backends.serial:Serial",
    "thread": "gilscope.backends.thread:Thread",
    "process": "gilscope.backends.process:Process",
    "asyncio": "gilscope.backends.asyncio_:Asyncio",
}
#: Task queues: tried where asked for by name. They need the extra ``gilscope[queues]``.
QUEUES = {
    "rq": "gilscope.queues.rq.backend:Rq",
    "rq-simple": "gilscope.queues.rq.backend:RqSimple",
    "dask": "gilscope.queues.dask.backend:Dask",
    "dask-threads": "gilscope.queues.dask.backend:DaskThreads",
    "celery": "gilscope.queues.celery.backend:CeleryPrefork",
    "celery-threads": "gilscope.queues.celery.backend:CeleryThreads",
    "celery-gevent": "gilscope.queues.celery.backend:CeleryGevent",
}


def names() -> tuple[str, ...]:
    """The names of the backends that are tried unasked: gilscope's own pools first, then installed third parties'."""
    return (*OWN, *(entry.name for entry in _third_party() if entry.name not in {*OWN, *QUEUES}))


def _third_party() -> EntryPoints:
    from importlib.metadata import entry_points  # not at the top: workers import this package, and need none of it

    return entry_points(group=GROUP)


def get(name: str) -> Backend:
    """The backend called ``name``.

    :raises UsageError: when there is none, or a third party's cannot be loaded
    """
    from gilscope.backends.base import Backend

    made = _load(name)
    if not isinstance(made, Backend):
        raise UsageError(f"backend {name!r} is not a gilscope.backends.base.Backend; ask its author to mend it")
    return made


def _load(name: str) -> object:
    own = {**OWN, **QUEUES}
    if name in own:
        module, _, attribute = own[name].partition(":")
        return getattr(importlib.import_module(module), attribute)()
    for entry in _third_party().select(name=name):
        try:
            return entry.load()()
        except Exception as error:
            raise UsageError(f"backend {name!r} ({entry.value}) cannot be loaded: {error!r}") from error
    import difflib

    known = (*names(), *QUEUES)
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"no backend {name!r}; there are {', '.join(known)}{hint}")
