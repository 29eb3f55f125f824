"""What recorded profiles are of: from when until when, by which processes, and whether these are done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope.report.document import Column, Detail, Row, Section, Table, headed
from gilscope.units import counted, duration, thousands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.production.files import Loaded, Recorded, State
    from gilscope.production.profile import Profile

__all__ = ["moment", "recorded_remarks", "recorded_rows", "recorded_sections"]


def moment(seconds: float) -> str:
    """A time since 1970 as a date, to the second; ``unknown`` beyond what a calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return "unknown"


def recorded_remarks(recorded: Sequence[Recorded]) -> tuple[str, ...]:
    """In sentences; none where nothing is known."""
    if not recorded:
        return ()
    first, last = min(each.started for each in recorded), max(each.until for each in recorded)
    told = (_of(recorded, state) for state in _TOLD)
    return (f"Calls from {moment(first)} to {moment(last)}.", *(sentence for sentence in told if sentence))


_TOLD: dict[State, tuple[str, str]] = {
    "running": ("is running", "are running"),
    "gone": (
        "ended without writing (killed, or by a signal's default action), and all of its calls are counted",
        "ended without writing (killed, or by a signal's default action), and all of their calls are counted",
    ),
    "unfinished": (
        "is running, or was killed: its calls after {until} are not counted",
        "are running, or were killed: their calls after {until} (and later) are not counted",
    ),
}


def _of(recorded: Sequence[Recorded], state: State) -> str:
    found = [each for each in recorded if each.state == state]
    if not found:
        return ""
    words = _TOLD[state][len(found) > 1].format(until=moment(min(each.until for each in found)))
    return f"{counted(len(found), 'process', 'es')} {words}."


def recorded_rows(loaded: Loaded) -> list[dict[str, Any]]:
    """For programs: each process, or what several wrote that ended in one period, with its calls."""
    return [msgspec.to_builtins(each) | _sums(part) for each, part in _pairs(loaded)]


def recorded_sections(loaded: Loaded) -> tuple[Section, ...]:
    """The same for people, the latest first; none of a single process."""
    pairs = sorted(_pairs(loaded), key=lambda pair: -pair[0].until)
    if len(pairs) < 2:
        return ()
    columns = headed(("from", "until", "calls", "errors", "wall", "state"), texts=("from", "until", "state"))
    rows = tuple(Row((_name(each), *_cells(each, part))) for each, part in pairs)
    table = Table((Column("process", numeric=False), *columns), rows, about="the recorded processes and periods")
    return (Section("Processes and periods", (table,), "the latest first", Detail.FULL),)


def _pairs(loaded: Loaded) -> list[tuple[Recorded, Sequence[Profile]]]:
    return list(zip(loaded.recorded, loaded.parts, strict=True))


def _name(each: Recorded) -> str:
    return f"{each.host} {each.pid}" if each.host else counted(each.processes, "process", "es")


def _cells(each: Recorded, part: Sequence[Profile]) -> tuple[str, ...]:
    sums = _sums(part)
    shown = (thousands(sums["calls"]), thousands(sums["errors"]), duration(sums["wall_s"]))
    return (moment(each.started), moment(each.until), *shown, _STATES[each.state])


_STATES: dict[State, str] = {
    "ended": "ended",
    "running": "running",
    "gone": "ended without writing",
    "unfinished": "running, or killed",
}


def _sums(part: Sequence[Profile]) -> dict[str, Any]:
    walls = [profile.wall_s for profile in part if profile.calls]
    known = [wall_s for wall_s in walls if wall_s is not None]
    return {
        "calls": sum(profile.calls for profile in part),
        "errors": sum(profile.errors for profile in part),
        "wall_s": sum(known) if len(known) == len(walls) else None,
    }
