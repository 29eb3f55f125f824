"""What a program has to know: the target as a program names it, and how it is to be run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gilscope.records import Kind, NativePool, StartMethod

__all__ = ["CodeFacts", "Place", "Setup", "facts_from"]


@dataclass(frozen=True)
class Place:
    """A name in a module, as a program imports it."""

    module: str
    name: str
    """May be dotted: ``Class.method``."""
    folder: str | None = None
    """Where the module's file is, when it was named by its path."""


@dataclass(frozen=True)
class CodeFacts:
    """The target as a program names it."""

    module: str
    """The importable name; empty when the function cannot be imported (a lambda, a closure)."""
    function: str
    """The qualified name inside the module: ``func`` or ``Class.method``."""
    in_session: bool = False
    """Whether it has that name in a session, as in a notebook, instead of a module."""
    folder: str | None = None
    """Where the module's file is, when it was named by its path."""
    kind: Kind = "sync"
    instance: bool = False
    """Whether it is a method of an instance, which the class makes without arguments."""
    star: bool = False
    """Whether an input is a tuple of positional arguments."""
    bare: bool = False
    """Whether the function is called without inputs."""
    args: tuple[str, ...] = ()
    """The positional arguments of every call, each as an expression with the names of the module; then the inputs are
    so many calls of the same."""
    kwargs: Mapping[str, str] = field(default_factory=dict)
    """Keyword arguments of every call, as expressions too."""
    inputs: Place | None = None
    """Where the inputs are; None leaves a place to fill in."""
    inputs_callable: bool = False
    """Whether they are made by calling it."""
    inputs_used: int | None = None
    """How many to take where there are more than were used: they may be endless."""
    setup: Place | None = None
    teardown: Place | None = None
    native_pools: tuple[NativePool, ...] = ()
    cpus: float | None = None
    """Usable CPUs, of which own threads are given their share; None gives each worker one thread."""


@dataclass(frozen=True)
class Setup:
    """How the function is to be run."""

    backend: str
    workers: int = 1
    chunksize: int = 1
    start_method: StartMethod | None = None
    executor: str | None = None
    """For asyncio with a plain function: thread or process."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of a task queue, as they are written in its configuration (`gilscope.queues.settings`)."""


def facts_from(
    spec: str,
    *,
    kind: Kind = "sync",
    named: bool = True,
    instance: bool = False,
    star: bool = False,
    bare: bool = False,
    args: Sequence[str] = (),
    kwargs: Mapping[str, str] | None = None,
    inputs: str | None = None,
    inputs_callable: bool = False,
    inputs_used: int | None = None,
    setup: str | None = None,
    teardown: str | None = None,
    native_pools: Sequence[NativePool] = (),
    cpus: float | None = None,
) -> CodeFacts:
    """The facts from what the user wrote: ``package.module:func`` or ``path/to/file.py:func``. ``inputs``, ``setup``
    and ``teardown`` are written alike; a name without a module is in the target's. ``named`` says whether the spec
    finds the function, or only describes an object."""
    target = _place(spec, "")
    hidden = not named or "<" in target.name
    in_session = hidden and target.module == "__main__" and target.name.isidentifier()
    home = spec.rpartition(":")[0]
    return CodeFacts(
        module="" if hidden else target.module,
        function=target.name if in_session or not hidden else "func",
        in_session=in_session,
        folder=target.folder,
        kind=kind,
        instance=instance,
        star=star or len(args) > 1,
        bare=bare,
        args=tuple(args),
        kwargs=kwargs or {},
        inputs=_place(inputs, home) if inputs else None,
        inputs_callable=inputs_callable,
        inputs_used=inputs_used,
        setup=_place(setup, home) if setup else None,
        teardown=_place(teardown, home) if teardown else None,
        native_pools=tuple(native_pools),
        cpus=cpus,
    )


def _place(text: str, home: str) -> Place:
    place, _, name = text.rpartition(":")
    path = PurePath(place or home)
    if path.suffix != ".py":
        return Place(place or home, name)
    folder = path.parent.as_posix()
    return Place(path.stem, name, None if folder == "." else folder)
