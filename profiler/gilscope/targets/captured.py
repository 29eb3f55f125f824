"""Inputs that are calls which a program really made (`gilscope run --capture`)."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from inspect import ismethod
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from gilscope.capture.folder import PATTERN, CapturedFile, captured_files
from gilscope.capture.records import Call
from gilscope.capture.reservoir import proportional
from gilscope.errors import InputsError, UsageError
from gilscope.targets.blame import one_line
from gilscope.targets.callables import place_of
from gilscope.targets.payload import Unpickler
from gilscope.targets.spec import canonical
from gilscope.units import counted

if TYPE_CHECKING:
    from gilscope.targets.spec import TargetSpec

__all__ = ["CapturedInputs", "WithKeywords", "captured_folder", "captured_inputs", "underlying"]


class CapturedInputs(NamedTuple):
    """The calls of a function, for it to be called with."""

    func: Callable[..., Any]
    items: list[tuple[Any, ...]]
    """Each the positional arguments of ``func``."""
    label: str
    truncated: bool


class WithKeywords:
    """A function of positional arguments and keyword arguments, which each call has its own of."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self.func(*args, **kwargs)


def captured_folder(spec: TargetSpec, cwd: str) -> Path | None:
    """The folder that the target's inputs are in; None where they are something else.

    :raises UsageError: when it is asked for arguments beside them
    """
    text = spec.inputs
    if text is None or ":" in text:
        return None
    folder = Path(cwd, text)
    if not (os.sep in text or (folder.is_dir() and any(folder.glob(PATTERN)))):
        return None
    if spec.star or spec.kwargs:
        raise UsageError(f"{text} holds whole calls, with all their arguments: leave out --star and --kwarg")
    return folder


def underlying(func: Any) -> Any:
    """What a call of it runs: a method's function, to which calls that were captured give its object too."""
    return func.__func__ if ismethod(func) else func


def captured_inputs(folder: Path, spec: TargetSpec, func: Callable[..., Any], cwd: str) -> CapturedInputs:
    """Calls of the target, as often among the inputs as among the calls that were made.

    :param func: what they are calls of
    :raises InputsError: when there are none, they are not this user's, or cannot be unpickled here
    """
    drawn = _drawn(folder, spec, func, cwd)
    loaded: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    why = ""
    for file, call in drawn[: spec.max_inputs]:
        try:
            loaded.append(Unpickler(call.data, file.heading.main, cwd).load())
        except Exception as error:  # whatever the user's classes raise
            why = why or f"{one_line(error)}; captured by Python {file.heading.python}"
    if not loaded:
        raise InputsError(f"of {counted(len(drawn), 'call')} in {folder} none can be unpickled here: {why}")
    failed = min(len(drawn), spec.max_inputs) - len(loaded)
    others = f", {failed} more cannot be unpickled: {why}" if failed else ""
    label = f"{spec.inputs} ({counted(len(loaded), 'captured call')}{others})"
    if any(kwargs for _, kwargs in loaded):
        return CapturedInputs(WithKeywords(func), list(loaded), label, len(drawn) > spec.max_inputs)
    return CapturedInputs(func, [args for args, _ in loaded], label, len(drawn) > spec.max_inputs)


def _drawn(folder: Path, spec: TargetSpec, func: Callable[..., Any], cwd: str) -> Sequence[tuple[CapturedFile, Call]]:
    """Of each process's kinds of calls as many as were made of them, in proportion."""
    files = list(captured_files(folder))
    kept: dict[tuple[int, int], list[tuple[CapturedFile, Call]]] = defaultdict(list)
    calls: dict[tuple[int, int], int] = {}
    for number, file in enumerate(files):
        for position in _positions(file, spec, func, cwd):
            for call in file.calls:
                if call.spec == position:
                    stratum = number, call.stratum
                    kept[stratum].append((file, call))
                    calls[stratum] = max(calls.get(stratum, 0), call.calls, _counted(file, call))
    if not kept:
        raise InputsError(_nothing(folder, spec, files))
    order = {stratum: each for each, stratum in enumerate(kept)}
    shares = proportional(
        {order[stratum]: calls[stratum] for stratum in kept},
        {order[stratum]: len(found) for stratum, found in kept.items()},
    )
    draw = Random(0).sample
    return [each for stratum, found in kept.items() for each in draw(found, shares[order[stratum]])]


def _positions(file: CapturedFile, spec: TargetSpec, func: Callable[..., Any], cwd: str) -> Iterator[int]:
    """Of the target among the functions of the file: by its name, or, where its module was the program, by where it is
    defined."""
    wanted = canonical(spec.spec, cwd)
    source = os.path.realpath(place_of(func)[0] or "")
    defined = {totals.spec: totals.file for totals in file.totals}
    for position, named in enumerate(file.heading.specs):
        same = named.rpartition(":")[2] == wanted.rpartition(":")[2]
        if named == wanted or (same and os.path.realpath(defined.get(position, os.devnull)) == source):
            yield position


def _counted(file: CapturedFile, call: Call) -> int:
    return max((each.strata.get(str(call.stratum), 0) for each in file.totals if each.spec == call.spec), default=0)


def _nothing(folder: Path, spec: TargetSpec, files: Sequence[CapturedFile]) -> str:
    names = sorted({file.heading.specs[call.spec] for file in files for call in file.calls})
    there = f"those there are of {', '.join(names)}" if names else "there are none at all"
    return (
        f"there are no calls of {spec.spec} in {folder}: {there}; gilscope run --capture {spec.spec} --capture-to "
        f"{folder} keeps some"
    )
