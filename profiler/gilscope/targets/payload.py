"""Objects on their way from a library caller to a trial's process, pickled."""

from __future__ import annotations

import io
import pickle
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gilscope.targets.blame import blame
from gilscope.targets.resolver import import_place
from gilscope.targets.spec import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable

    from gilscope.targets.session import Session
    from gilscope.targets.spec import TargetSpec


@dataclass(frozen=True)
class Payload:
    """What was passed as objects rather than named."""

    func: Callable[..., Any] | None = None
    """None when the spec's name is enough to find it."""
    items: list[Any] | None = None
    inputs_type: str = "list"
    """What the items were taken from."""
    truncated: bool = False
    make_inputs: Callable[[], Any] | None = None
    """Makes the inputs in the trial's process."""
    kwargs: dict[str, Any] = field(default_factory=dict)
    setup: Callable[[], Any] | None = None
    teardown: Callable[[], Any] | None = None

    @property
    def has_inputs(self) -> bool:
        """Whether the inputs, or what makes them, are in it."""
        return self.items is not None or self.make_inputs is not None


def dumps(value: Any, main: str | None) -> bytes:
    """Pickle by reference where the names can be found again; by value (cloudpickle) for lambdas, closures,
    and what was defined in a ``__main__`` that cannot be imported (``main`` is None)."""
    if main is None:
        from gilscope.targets import session

        return session.dumps(value)
    import cloudpickle  # type: ignore[import-untyped]

    with suppress(Exception):  # whatever the user's objects raise; the error to show is cloudpickle's
        return pickle.dumps(value)
    return bytes(cloudpickle.dumps(value))


def unpickle(spec: TargetSpec, cwd: str) -> tuple[Payload, Session | None]:
    """The objects the caller sent: bytes that gilscope's own parent wrote; with what they use of its session, where
    nothing else finds that.

    :raises TargetFailedError: when the user's modules or classes raise meanwhile
    """
    if spec.payload is None:
        return Payload(), None
    with blame("unpickling what the caller passed"):
        unpickler = Unpickler(spec.payload, spec.main, cwd)
        payload = unpickler.load()
        used = unpickler.load() if spec.main is None else {}
    assert isinstance(payload, Payload), "the payload is written by describe()"
    return payload, _session(used) if used else None


def _session(used: dict[str, Any]) -> Session:
    from gilscope.targets.session import Session  # which loads cloudpickle

    return Session(used)


class Unpickler(pickle.Unpickler):
    """Finds what the caller's ``__main__`` defined in the same file imported by its own name, so that
    function and inputs meet the same classes, and worker processes can import them too. Of bytes that gilscope
    wrote."""

    def __init__(self, data: bytes, main: str | None, cwd: str) -> None:
        super().__init__(io.BytesIO(data))
        self._main = main
        self._cwd = cwd

    def find_class(self, module_name: str, global_name: str) -> Any:
        if module_name in PROGRAM and self._main is not None:
            module_name = import_place(self._main, self._cwd).__name__
        return super().find_class(module_name, global_name)
