"""What a worker unpickles when it asks for it, and not before."""

from __future__ import annotations

import pickle
from typing import Any, Generic, TypeVar

__all__ = ["Later"]

T = TypeVar("T")


class Later(Generic[T]):
    """A value on its way to a worker whose set-up comes first: to unpickle a function imports its module."""

    def __init__(self, value: T) -> None:
        self._value = value

    def __reduce__(self) -> tuple[Any, ...]:
        return _Pickled, (pickle.dumps(self._value),)

    def value(self) -> T:
        """The value itself."""
        return self._value


class _Pickled(Later[Any]):
    """One that has crossed to a worker."""

    def value(self) -> Any:
        return pickle.loads(self._value)  # noqa: S301  pickled by whoever started this process
