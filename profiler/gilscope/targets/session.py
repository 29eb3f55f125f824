"""What a session defined: the cells of a notebook, a prompt, ``python -c``, a script whose name no import can find.

No other process can import its ``__main__``. So its functions and classes are sent by value (cloudpickle) and defined
anew in the ``__main__`` of every process that runs them. There pickle finds them by their names, as it would find those
of a module; a lambda or a closure it does not find, in a module neither.
"""

from __future__ import annotations

import functools
import io
import sys
from types import FunctionType
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

__all__ = ["Session", "dumps"]

_LRU_CACHE = type(functools.lru_cache(print))


class Session:
    """Functions and classes of a session, by their names."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names

    def define(self) -> None:
        """Let them be found in this process's ``__main__``."""
        vars(sys.modules["__main__"]).update(self._names)

    def __reduce__(self) -> tuple[Any, ...]:
        """To be unpickled before whatever pickle looks for by these names."""
        return _defined, (self._by_value,)

    @functools.cached_property
    def _by_value(self) -> bytes:
        return dumps(self._names)


def _defined(names: bytes) -> Session:
    session = Session(cloudpickle.loads(names))
    session.define()
    return session


def _cached(function: Any, parameters: dict[str, Any]) -> Any:
    return functools.lru_cache(**parameters)(function)


def dumps(value: Any) -> bytes:
    """Pickle ``value`` by value, and after it a dictionary of what it uses of the session: two loads by one unpickler
    give both, with one copy of each object."""
    data = io.BytesIO()
    pickler = _Pickler(data)
    pickler.dump(value)
    pickler.dump(dict(pickler.used))
    return data.getvalue()


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Notes the functions and classes of ``__main__`` that it meets at their top level, the outermost first: of a
    decorated function what the name means."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.used: dict[str, Any] = {}

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, type | FunctionType | _LRU_CACHE) and obj.__module__ == "__main__":
            if obj.__qualname__.isidentifier():
                self.used.setdefault(obj.__qualname__, obj)
            if isinstance(obj, _LRU_CACHE):  # which would be sent by its name
                return _cached, (obj.__wrapped__, obj.cache_parameters())
        return super().reducer_override(obj)
