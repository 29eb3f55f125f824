"""Where the wall clock of recorded functions went, by state, in figures: for the formats that draw no bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gilscope.report.document import NOT_APPLICABLE, Column, Row, Table
from gilscope.units import percent, percent_at_most

if TYPE_CHECKING:
    from gilscope.production.profile import Profile

__all__ = ["states_table"]

#: Headings, in the order of `gilscope.records.STATES`.
_TITLES: Final = {
    "cpu_gil": "CPU with GIL",
    "cpu_free": "CPU without GIL",
    "gil_wait": "waiting for GIL",
    "runqueue": "run queue",
    "network": "network",
    "disk": "disk",
    "sleep": "asleep",
    "lock": "lock",
    "child": "child process",
    "other": "other",
    "awaited": "awaited",
}
#: So many states have room in a narrow table.
_ROOM: Final = 6


def states_table(names: Sequence[str], profiles: Sequence[Profile]) -> Table | None:
    """Shares of each function's wall clock by state, and the share in which it held the GIL; None where nothing was
    observed. A narrow table has the largest states."""
    told = [(name, each, each.wall_by_state_s) for name, each in zip(names, profiles, strict=True) if each.states_s]
    if not told:
        return None
    sums = {state: sum(states.get(state) or 0.0 for _, _, states in told) for state in _TITLES}
    found = [state for state in _TITLES if sums[state] > 0]
    largest = sorted(found, key=lambda state: -sums[state])[:_ROOM]
    columns = (
        Column("function", numeric=False),
        Column("GIL held"),
        *(Column(_TITLES[state], brief=state in largest) for state in found),
    )
    rows = tuple(Row((name, _held(each), *_shares(each, states, found))) for name, each, states in told)
    return Table(columns, rows, about="shares of each function's wall clock by state")


def _held(profile: Profile) -> str:
    """What was hardly seen on a CPU has a most; one of less than a hundredth says all."""
    most = profile.gil_held_at_most
    if profile.gil_held_ratio is not None or most is None or most < 0.01:
        return percent(most)
    return percent_at_most(most)  # rounded down it would be none


def _shares(profile: Profile, states: dict[str, float | None], found: Sequence[str]) -> list[str]:
    """A function that awaits nothing has a dash there; a state that it was not seen long enough for is unknown."""
    wall_s = profile.wall_s or 0.0
    shares = {state: seconds / wall_s for state, seconds in states.items() if seconds is not None and wall_s}
    awaits = "awaited" in states
    return [percent(shares.get(state)) if awaits or state != "awaited" else NOT_APPLICABLE for state in found]
