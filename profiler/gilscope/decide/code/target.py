"""What a program to paste is about: the target as the user named it, and how it is to be run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gilscope.records import Kind, NativePool, StartMethod

__all__ = ["CodeTarget", "Execution", "Place", "place_of"]


@dataclass(frozen=True)
class CodeTarget:
    """The target, its inputs and its hooks, as the user wrote them; ``inputs``, ``setup`` and ``teardown`` are written
    like the spec, and a name alone is in the target's module."""

    spec: str
    """``package.module:func`` or ``path/to/file.py:func``."""
    kind: Kind = "sync"
    named: bool = True
    """Whether the spec finds the function, or only describes an object."""
    instance: bool = False
    """Whether it is a method of an instance, which the class makes without arguments."""
    star: bool = False
    """Whether an input is a tuple of positional arguments."""
    keywords: bool = False
    """Whether an input is a pair: the positional arguments of a call, and its keyword arguments."""
    bare: bool = False
    """Whether the function is called without inputs."""
    args: tuple[str, ...] = ()
    """The positional arguments of every call, each an expression with the names of the target's module; then the inputs
    are so many calls of the same."""
    kwargs: Mapping[str, str] = field(default_factory=dict)
    """Keyword arguments of every call, expressions too."""
    inputs: str | None = None
    """None leaves a place to fill in."""
    inputs_callable: bool = False
    """Whether they are made by calling it."""
    inputs_used: int | None = None
    """How many to take where there are more than were used: they may be endless."""
    setup: str | None = None
    set_up_first: bool = False
    """Whether the set-up comes before the import of the target's module."""
    teardown: str | None = None
    plain: bool = False
    """Whether JSON gives back the same of inputs and results, as far as is known."""
    native_pools: tuple[NativePool, ...] = ()
    cpus: float | None = None
    """Usable CPUs, of which native threads are given their share; None gives each worker one thread."""

    @property
    def function(self) -> Place:
        """Where the function is; without a module where it cannot be imported."""
        place = place_of(self.spec)
        if self.named and "<" not in place.name:
            return place
        return Place("", place.name if self.in_session else "func")

    @property
    def unpacked(self) -> bool:
        """Whether a call unpacks an input into its positional arguments."""
        return self.star or len(self.args) > 1

    @property
    def in_session(self) -> bool:
        """Whether it has its name in a session, as in a notebook, instead of a module."""
        place = place_of(self.spec)
        return not self.named and place.module == "__main__" and place.name.isidentifier()


@dataclass(frozen=True)
class Execution:
    """How the function is to be run."""

    backend: str
    workers: int = 1
    chunksize: int = 1
    start_method: StartMethod | None = None
    executor: str | None = None
    """For asyncio with a plain function: thread, process or interpreter."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of a task queue, as they are written in its configuration."""


class Place(NamedTuple):
    """A name in a module, as a program imports it."""

    module: str
    name: str
    """May be dotted: ``Class.method``."""
    folder: str | None = None
    """Where the module's file is, when it was named by its path."""


def place_of(spec: str, home: str = "") -> Place:
    """Where a spec says that something is; a name alone is in ``home``, a module or the path of one."""
    where, _, name = spec.rpartition(":")
    path = PurePath(where or home)
    if path.suffix != ".py":
        return Place(where or home, name)
    folder = path.parent.as_posix()
    return Place(path.stem, name, None if folder == "." else folder)
