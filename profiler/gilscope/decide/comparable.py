"""Which results can be compared at all: those of the same function, with the same arguments, on the same processor and
Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gilscope.records import ResultRecord, Target
from gilscope.records.programs import ProgramRecord
from gilscope.units import exact, thousands

__all__ = ["Matched", "listed", "matched", "objections", "program_objections", "reservations", "summed"]

#: What would be measured beside the change itself, were it to differ.
_ENVIRONMENT: Final = ("python", "implementation", "gil_enabled", "platform", "machine", "cpus_usable", "cpus_visible")
#: Of that, what is told of gilscope's own Python where it watches another.
_WATCHER: Final = ("python", "implementation", "gil_enabled")
#: The same, where both tell: results of older versions do not.
_WHERE_TOLD: Final = ("cpu_model",)
#: Of long lists, as many are told.
_FEW: Final = 6
_TARGET: Final = ("spec", "kind")


@dataclass(frozen=True)
class Matched:
    """The results of two files, by function."""

    pairs: tuple[tuple[ResultRecord, ResultRecord], ...]
    """Old and new."""
    only_old: tuple[str, ...]
    """The functions that only one of the files tells of."""
    only_new: tuple[str, ...]


def matched(old: Sequence[ResultRecord], new: Sequence[ResultRecord]) -> Matched:
    """Results of the same function; of several in a file, the first with the first. One result alone against another
    is taken for a pair, however the functions are called: `objections` tells of it."""
    if len(old) == len(new) == 1:
        return Matched(((old[0], new[0]),), (), ())
    was, now = _by_spec(old), _by_spec(new)
    return Matched(
        tuple((was[key], now[key]) for key in was if key in now),
        tuple(key[0] for key in was if key not in now),
        tuple(key[0] for key in now if key not in was),
    )


def _by_spec(results: Sequence[ResultRecord]) -> dict[tuple[str, int], ResultRecord]:
    seen: Counter[str] = Counter()
    found = {}
    for result in results:
        spec = result.target.spec
        found[spec, seen[spec]] = result
        seen[spec] += 1
    return found


def objections(old: ResultRecord, new: ResultRecord) -> tuple[str, ...]:
    """What else differs, so that a comparison would not tell of the function alone, each with its evidence: machine and
    Python, target and inputs, and whether the caller is a coroutine."""
    return (
        *_differing("", old.environment, new.environment, _ENVIRONMENT),
        *_differing("", old.environment, new.environment, _told_by_both(old.environment, new.environment, _WHERE_TOLD)),
        *_differing("target ", old.target, new.target, _TARGET),
        *_arguments(old.target, new.target),
        *_differing("", old.recommendation, new.recommendation, ("context",)),
    )


def program_objections(old: ProgramRecord, new: ProgramRecord) -> tuple[str, ...]:
    """The same of two programs that were watched: the machine, and the Python of their first processes."""
    where = tuple(name for name in (*_ENVIRONMENT, *_WHERE_TOLD) if name not in _WATCHER)
    pythons = [next((each.python for each in record.processes if each.parent is None), None) for record in (old, new)]
    return (
        *_differing("", old.environment, new.environment, _told_by_both(old.environment, new.environment, where)),
        *([f"Python {_said(pythons[0])} → {_said(pythons[1])}"] if pythons[0] != pythons[1] else []),
    )


def summed(against: Sequence[tuple[str, str]]) -> str:
    """Objections to the comparison of several functions, by specification, each told once."""
    specs: dict[str, list[str]] = {}
    for spec, what in against:
        specs.setdefault(what, []).append(spec)
    everywhere = len({spec for spec, _ in against})
    return listed([what if len(of) == everywhere else f"{listed(of)}: {what}" for what, of in specs.items()], "; ")


def listed(items: Sequence[str], between: str = ", ") -> str:
    """The first few of them, and how many more there are."""
    more = [f"and {thousands(len(items) - _FEW)} more"] if len(items) > _FEW else []
    return between.join([*items[:_FEW], *more])


def reservations(old: ResultRecord, new: ResultRecord) -> tuple[str, ...]:
    """What does not forbid a comparison and may explain it."""
    return (
        *_differing("", old.environment, new.environment, ("gilscope",)),
        *_versions(old.environment.packages, new.environment.packages),
        *_differing("", old.instrument, new.instrument, ("ledger_source", "gil_source")),
        *(remark for which, result in (("old", old), ("new", new)) for remark in _spoilt(which, result)),
    )


def _arguments(old: Target, new: Target) -> Iterator[str]:
    """Whether they were called with the same: never how many inputs time allowed. Where a digest is not told of both,
    where they came from has to do."""
    if not _told_by_both(old, new, ("inputs_digest",)):
        yield from _differing("target ", old, new, ("inputs",))
    elif old.inputs_digest != new.inputs_digest:
        yield f"the arguments are others ({_said(old.inputs)} → {_said(new.inputs)}, by their digest)"


def _told_by_both(old: object, new: object, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if None not in (getattr(old, name), getattr(new, name)))


def _differing(prefix: str, old: object, new: object, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield f"{prefix}{name} {_said(was)} → {_said(now)}"


def _versions(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name} {_said(old.get(name))} → {_said(new.get(name))}"


def _said(value: Any) -> str:
    if value is None:
        return "none"
    return exact(value) if isinstance(value, float) else str(value)


def _spoilt(which: str, result: ResultRecord) -> Iterator[str]:
    if result.interrupted:
        yield f"the {which} analysis was interrupted"
    if any(finding.code == "busy-machine" for finding in result.findings):
        yield f"other programs kept the CPUs busy during the {which} analysis"
