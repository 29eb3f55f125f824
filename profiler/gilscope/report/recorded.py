"""What recorded profiles are of: from when until when, by which processes, and whether these are done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope.units import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.production.files import Recorded, State

__all__ = ["moment", "recorded_remarks", "recorded_rows"]


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


def recorded_rows(recorded: Sequence[Recorded]) -> list[dict[str, Any]]:
    """For programs."""
    return [msgspec.to_builtins(each) for each in recorded]
