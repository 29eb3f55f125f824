"""The target as the user named it: text that is sent to the process which imports it."""

from __future__ import annotations

import os

import msgspec

from gilscope.errors import TargetError, UsageError
from gilscope.records import Kind

DEFAULT_MAX_INPUTS = 1000
#: What the module that runs as the program is called, there and in the processes that multiprocessing starts.
PROGRAM = ("__main__", "__mp_main__")


class TargetSpec(msgspec.Struct, frozen=True, kw_only=True):
    """All that a fresh process needs to find the target and its inputs.

    :raises UsageError: when the options contradict each other
    """

    spec: str
    """``package.module:func``, ``package.module:Class.method`` or ``path/to/file.py:func``."""
    inputs: str | None = None
    """Where the inputs are: ``module:NAME``, ``path.py:NAME``, or ``NAME`` in the target's own module. An
    iterable, or a callable that makes one. Each item is one call's argument. None takes those that `@classify` was
    given, if any."""
    args: tuple[str, ...] = ()
    """The positional arguments of one call, each a Python expression evaluated in the target's module."""
    kwargs: dict[str, str] = {}
    """Keyword arguments of every call, by name; expressions as in ``args``."""
    star: bool = False
    """Whether each input is unpacked as positional arguments, as `itertools.starmap` does."""
    kind: Kind | None = None
    """What calling it gives; None where that is to be told from the function alone."""
    setup: str | None = None
    """Called once in every process that runs the target: before that is imported, unless both are in one module."""
    teardown: str | None = None
    max_inputs: int = DEFAULT_MAX_INPUTS
    """Inputs taken from the iterable, which may be endless."""
    sys_path: tuple[str, ...] = ()
    """Goes before the process's own ``sys.path``; else the working folder does, as with ``python -m``."""
    cwd: str | None = None
    """What relative paths refer to; None is the process's own working folder."""
    main: str | None = None
    """The caller's ``__main__``, as a path or a module name: what ``__main__`` means inside ``payload``."""
    payload: bytes | None = None
    """What a library caller passed as objects, pickled (see `gilscope.targets.describer`)."""

    def __post_init__(self) -> None:
        if self.args and self.inputs is not None:
            raise UsageError("--arg gives one call's arguments and --inputs those of many calls: give only one of them")
        if self.args and self.star:
            raise UsageError("--star unpacks each of --inputs; --arg already gives one call's arguments one by one")
        if self.max_inputs < 1:
            raise UsageError(f"at least one input must be allowed, not {self.max_inputs}")
        named = (self.spec, self.inputs, self.setup, self.teardown, self.cwd, self.main)
        for text in (*named, *self.args, *self.kwargs, *self.kwargs.values(), *self.sys_path):
            if text is not None and not is_text(text):
                raise UsageError(
                    f"{text!r} has bytes that are no text in the encoding of this locale: rename that file or folder, "
                    "or set LC_ALL to a locale in which they are (C.UTF-8)"
                )


def is_text(name: str) -> bool:
    """Whether a name can be told to another process: bytes that the locale's encoding does not know cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse(text: str) -> tuple[str, str]:
    """Split ``module:function`` or ``path.py:function`` into its two sides.

    :raises TargetError: when it has not that form; the message suggests what was meant
    """
    place, colon, attribute = text.rpartition(":")
    if not colon or _is_drive(place):
        raise TargetError(f"{text!r} names no function: give module:function{_guess(text)}")
    if not place.strip():
        raise TargetError(f"{text!r} names no module: give module:function or path/to/file.py:function")
    if place.endswith(":"):
        raise TargetError(f"{text!r} has two colons; did you mean {place.rstrip(':')}:{attribute}?")
    if not all(part.isidentifier() for part in attribute.split(".")):
        raise TargetError(
            f"{text!r}: {attribute!r} is no name of a function: give module:function{_call_hint(attribute)}"
        )
    if not is_path(place) and not all(part and " " not in part for part in place.split(".")):
        raise TargetError(f"{text!r}: {place!r} is no name of a module: give it in full, as in package.module:function")
    return place, attribute


def canonical(text: str, cwd: str) -> str:
    """A target's name that is the same from wherever it is named: of a file the path as it is.

    :raises TargetError: when it has not the form of one
    """
    place, attribute = parse(text)
    return f"{os.path.realpath(os.path.join(cwd, place))}:{attribute}" if is_path(place) else f"{place}:{attribute}"


def comes_first(setup: str, spec: str) -> bool:
    """Whether a set-up is to be found and called before the module of the target ``spec`` is imported: where it is in
    the same one, it cannot."""
    place, colon, _ = setup.rpartition(":")
    return bool(colon) and place != spec.rpartition(":")[0]


def names_module(text: str) -> bool:
    """Whether ``text`` may be a module or a file, with no function named in it."""
    place, colon, _ = text.rpartition(":")
    if colon and not _is_drive(place):
        return False
    return is_path(text) or all(part.isidentifier() for part in text.split("."))


def is_path(place: str) -> bool:
    """Whether the left side of a target names a file rather than a module."""
    return place.endswith(".py") or "/" in place or os.sep in place


def _is_drive(place: str) -> bool:
    return os.name == "nt" and len(place) == 1


def _guess(text: str) -> str:
    if is_path(text):
        return f"; did you mean {text}:FUNCTION?"
    module, dot, name = text.rpartition(".")
    return f"; did you mean {module}:{name}?" if dot and module and name else ""


def _call_hint(attribute: str) -> str:
    return " without parentheses; arguments go in --arg" if "(" in attribute else ""
