"""Which of the Pythons that were named can run the target, and with the same inputs: found out before anything is
measured."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from gilscope.analysis.solo import translated
from gilscope.configuration import Configuration
from gilscope.decide.pythons import Named, names_of
from gilscope.errors import GilscopeError, PythonError
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.pythons import Python, asked, installing, requirement_of
from gilscope.measure.trial import TrialEnded
from gilscope.options import Options
from gilscope.targets import Loaded, TargetSpec
from gilscope.units import counted, thousands

__all__ = ["Probed", "named", "probed"]

#: As `import` itself says it, and as gilscope does of a target's own module.
_MISSING = re.compile(r"[Nn]o module (?:named )?'([\w.]+)'")


@dataclass(frozen=True)
class Probed:
    """A Python that was named."""

    path: str
    """As it was named."""
    name: str = ""
    python: Python | None = None
    """What it told of itself; None where it did not."""
    loaded: Loaded | None = None
    """The target as it found it."""
    error: GilscopeError | None = None
    """Why it cannot be measured, where that is so."""
    differs: str = ""
    """In what it may not be compared with the first, where that is so."""

    @property
    def fit(self) -> bool:
        return self.error is None and not self.differs


def probed(target: TargetSpec, options: Options) -> list[Probed]:
    """Ask each of ``options.pythons`` who it is, then have each import the target and make its inputs."""
    found = named(options)
    return _with_same_inputs(_with_install(_with_target(found, target, options.seed, options.may_start_s)))


def named(options: Options) -> list[Probed]:
    """Each of ``options.pythons``, once it was asked who it is."""
    return _with_names(_without_duplicates([_asked(path, options.backends) for path in options.pythons]))


def _asked(path: str, backends: Sequence[str]) -> Probed:
    try:
        return Probed(path, python=asked(path, backends))
    except PythonError as error:
        return Probed(path, error=error)


def _without_duplicates(found: Sequence[Probed]) -> list[Probed]:
    """Two environments of one interpreter are two Pythons, for they may have other libraries."""
    seen: dict[tuple[str, str, bool], str] = {}
    kept: list[Probed] = []
    for one in found:
        if one.python is not None:
            told = one.python
            other = seen.setdefault((os.path.realpath(told.prefix), told.python, told.free_threaded), one.path)
            if other != one.path or any(one.path == before.path for before in kept):
                why = f"{one.path!r} is the same Python as {other!r}: name each once"
                one = replace(one, error=PythonError(why))
        kept.append(one)
    return kept


def _with_names(found: Sequence[Probed]) -> list[Probed]:
    told = [one for one in found if one.python is not None and one.error is None]
    named = [
        Named(one.path, one.python.python, one.python.free_threaded, one.python.prefix) for one in told if one.python
    ]
    names = dict(zip((id(one) for one in told), names_of(named), strict=True))
    return [replace(one, name=names.get(id(one), one.path)) for one in found]


# -- the target -------------------------------------------------------------------------------------------------------


def _with_target(found: Sequence[Probed], target: TargetSpec, seed: int, limit_s: float) -> list[Probed]:
    """All import it at the same time."""
    with ExitStack() as stack:
        started = [_started(one, target, seed, stack) for one in found]
        limit = time.monotonic() + limit_s
        return [_heard(one, trial, target, limit) for one, trial in zip(found, started, strict=True)]


def _started(one: Probed, target: TargetSpec, seed: int, stack: ExitStack) -> LiveTrial | None:
    if one.error is not None or one.python is None:
        return None
    trial = LiveTrial(Configuration("serial"))
    stack.callback(trial.end)
    trial.start(python=one.python.path)
    trial.process.tell(m.Load(target=target, seed=seed))
    return trial


def _heard(one: Probed, trial: LiveTrial | None, target: TargetSpec, limit: float) -> Probed:
    if trial is None:
        return one
    try:
        trial.process.hear(m.Hello, limit, "starting")
        return replace(one, loaded=trial.end_loading(limit))
    except TrialEnded as ended:
        return replace(one, error=translated(ended, target.spec))


def _with_install(found: Sequence[Probed]) -> list[Probed]:
    """With the command that installs the module that the target lacks, where another Python has it."""
    having = [one.python for one in found if one.python and one.loaded]
    return [_told_to_install(one, having) for one in found]


def _told_to_install(one: Probed, having: Sequence[Python]) -> Probed:
    missing = _MISSING.search(str(one.error)) if one.error else None
    if missing is None or one.python is None or isinstance(one.error, PythonError):
        return one
    module = missing[1].partition(".")[0]
    requirement = next((what for other in having if (what := requirement_of(module, other))), None)
    if requirement is None:
        return one
    command = installing(one.python, requirement)
    return replace(one, error=PythonError(f"{one.error}: {command}", command))


# -- the inputs -------------------------------------------------------------------------------------------------------


def _with_same_inputs(found: Sequence[Probed]) -> list[Probed]:
    """Others than those of the first are no comparison. What has no digest is taken for the same where it is as
    many."""
    first = next((one for one in found if one.loaded), None)
    return [one if first is None else replace(one, differs=_differing(first, one)) for one in found]


def _differing(first: Probed, one: Probed) -> str:
    if first.loaded is None or one.loaded is None:
        return ""
    was, now = first.loaded.target, one.loaded.target
    mend = "make the same in each, as from a file or with a seed"
    if first.loaded.input_count != one.loaded.input_count:
        made = counted(one.loaded.input_count, "input")
        return f"it has {made}, and {first.name} {thousands(first.loaded.input_count)}: {mend}"
    if None not in (was.inputs_digest, now.inputs_digest) and was.inputs_digest != now.inputs_digest:
        return f"its inputs are others than those of {first.name}, by their digest: {mend}"
    return ""
