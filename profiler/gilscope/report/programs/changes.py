"""Two programs compared, as a sheet: what changed beyond the error, what did not, and what cannot be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from gilscope.decide.program_changes import PROGRAM, ProgramChange
from gilscope.records.programs import ProgramRecord
from gilscope.report.document import NOT_APPLICABLE, Items, Row, Section, Table, headed
from gilscope.report.programs.names import state_title
from gilscope.report.sheet import Sheet, tabled
from gilscope.units import (
    UNKNOWN,
    average,
    average_difference,
    counted,
    duration,
    duration_difference,
    percent,
    points,
    rate,
    rate_difference,
)

__all__ = ["program_changes_sheet"]

_WAITING: Final = "waiting for the GIL"
#: Shorter than the states' own titles; and what is blocked altogether.
_TITLES: Final = {"cpu_gil": "CPU with the GIL", "cpu_free": "CPU without the GIL", "wait": "blocked"}
_SHOW: Final[dict[str, Callable[[float | None], str]]] = {
    "share": percent,
    "threads": average,
    "s": duration,
    "per_s": rate,
}
_CHANGES: Final[dict[str, Callable[[float, float | None, float | None], str]]] = {
    "share": points,
    "threads": average_difference,
    "s": duration_difference,
    "per_s": rate_difference,
}
_VERDICTS: Final = {"not shown": "not significant", "not judged": "one reading each"}
_TEXTS: Final = ("of", "figure", "verdict")


def program_changes_sheet(
    old: ProgramRecord, new: ProgramRecord, changes: Sequence[ProgramChange], objections: Sequence[str]
) -> Sheet:
    """What changed, the largest first, before what did not.

    :param objections: what the two ought not to differ in and do
    """
    known = [change for change in changes if (change.old, change.new) != (None, None)]
    shown = sorted((each for each in known if each.word in ("less", "more")), key=_size, reverse=True)
    others = [each for each in known if each.word not in ("less", "more")]
    sections = [_section("What did not change, or cannot be told", others)] if others else []
    return Sheet(
        document=tabled(
            _headline(known),
            (*_remarks(old, new, objections), _basis(shown)),
            _table(shown),
            *sections,
            Section("What limits them", (Items((("old", old.verdict.sentence), ("new", new.verdict.sentence))),)),
        ),
        schema="gilscope.program-comparison/1",
        about={
            "incomparable": list(objections),
            "old": _about(old),
            "new": _about(new),
        },
        rows=tuple(map(_row, changes)),
        rows_name="changes",
        motto="compared two programs",
        source="saved programs",
    )


def _size(change: ProgramChange) -> tuple[bool, float]:
    """The whole first, then by threads that do something else."""
    return change.where == PROGRAM, abs(change.gap.value) if change.gap else 0.0


def _headline(changes: Sequence[ProgramChange]) -> str:
    change = next((each for each in changes if (each.where, each.figure) == (PROGRAM, _WAITING)), None)
    if change is None or change.word == "unknown":
        return "Whether there is less waiting for the GIL is unknown: it is not told of both programs."
    told = f"{average(change.old)} → {average(change.new)} threads on average"
    if change.word in ("less", "more"):
        return f"{change.word.capitalize()} waiting for the GIL: {told}."
    return f"No significant change in waiting for the GIL: {told}."


def _basis(shown: Sequence[ProgramChange]) -> str:
    count = counted(len(shown), "figure") if shown else "No figure"
    return (
        f"{count} changed by more than the error: the whole interval tells it (90%; of functions, for all of them "
        "together). Intervals come from samples and from how much each program varies while it is watched; how much "
        "one run differs from the next is not in them."
    )


def _remarks(old: ProgramRecord, new: ProgramRecord, objections: Sequence[str]) -> list[str]:
    against = f"Not comparable, and compared all the same: {'; '.join(objections)}." if objections else None
    command = f"The commands differ: {old.command} → {new.command}." if old.command != new.command else None
    times = f"Watched for {duration(old.watched_s)} and {duration(new.watched_s)}; all figures are per second."
    cut = [f"The {which} one was interrupted." for which, each in (("old", old), ("new", new)) if each.interrupted]
    return [told for told in (against, command, times, *cut) if told is not None]


def _section(title: str, changes: Sequence[ProgramChange]) -> Section:
    return Section(title, (_table(changes),))


def _table(changes: Sequence[ProgramChange]) -> Table:
    titles = ("of", "figure", "old", "new", "change", "verdict")
    rows = tuple(
        Row(
            (
                each.where,
                _title(each.figure),
                *(_SHOW[each.unit](value) for value in (each.old, each.new)),
                _gap(each),
                _VERDICTS.get(each.word, each.word),
            ),
        )
        for each in changes
    )
    return Table(headed(titles, _TEXTS), rows, about="figures then and now")


def _title(figure: str) -> str:
    return _TITLES.get(figure) or state_title(figure)


def _gap(change: ProgramChange) -> str:
    gap = change.gap
    if gap is None:
        return UNKNOWN
    if not gap.value and gap.low is None:
        return NOT_APPLICABLE
    return _CHANGES[change.unit](gap.value, gap.low, gap.high)


# ---- for programs ----


def _about(record: ProgramRecord) -> dict[str, Any]:
    return {
        "command": record.command,
        "created": record.created,
        "watched_s": record.watched_s,
        "limit": record.verdict.limit,
        "sentence": record.verdict.sentence,
    }


def _row(change: ProgramChange) -> dict[str, Any]:
    gap = change.gap
    return {
        "of": change.where,
        "figure": change.figure,
        "unit": change.unit,
        "old": change.old,
        "new": change.new,
        "change": gap.value if gap else None,
        "change_low": gap.low if gap else None,
        "change_high": gap.high if gap else None,
        "shown": change.word,
    }
