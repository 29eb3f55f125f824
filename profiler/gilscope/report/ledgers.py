"""A ledger as slices that always fill the whole: what every report's bars are drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gilscope.records import STATES, Account, Ledger, ResultRecord
from gilscope.report.palette import STATE_STYLES, StateStyle
from gilscope.report.verdicts import is_chosen

__all__ = ["LedgerBar", "Slice", "ledger_bars", "letters", "slices", "states_of", "states_shown"]

_ON_CPU: Final = ("cpu_gil", "cpu_free")
#: Everything that `Account.blocked_s` is divided into.
_BLOCKED: Final = tuple(state for state in STATES if state not in (*_ON_CPU, "runqueue"))


@dataclass(frozen=True)
class Slice:
    """A state's part of a wall clock. The shares of a bar's slices sum to 1."""

    state: str
    seconds: float
    share: float

    @property
    def style(self) -> StateStyle:
        """Its letter, colour and title."""
        return STATE_STYLES[self.state]


@dataclass(frozen=True)
class LedgerBar:
    """The ledger of one trial, ready to be drawn."""

    name: str
    chosen: bool
    ledger: Ledger
    slices: tuple[Slice, ...]

    def share(self, state: str) -> float | None:
        """The share of ``state`` as drawn; None where it has no slice of its own because it is unknown."""
        drawn = {part.state: part.share for part in self.slices}
        known = state not in STATES or self.ledger.state_s(state) is not None
        return drawn.get(state, 0.0 if known else None)


def slices(account: Account) -> tuple[Slice, ...]:
    """The states that took any time, in the order of `STATES`; time that could not be split has a wider name.

    Empty when there is no wall clock.
    """
    parts = {state: account.state_s(state) or 0.0 for state in STATES}
    parts["cpu"] = _undivided(account, account.cpu_s, _ON_CPU)
    parts["blocked"] = _undivided(account, account.blocked_s, _BLOCKED)
    parts["unknown"] = max(0.0, account.wall_s - sum(parts.values()))
    # Conservation holds to within the sampling; a rounding error's worth of time is no state of its own.
    positive = {state: seconds for state, seconds in parts.items() if seconds > 1e-6 * account.wall_s}
    whole = sum(positive.values())
    if account.wall_s <= 0 or whole <= 0:
        return ()
    return tuple(Slice(state, seconds, seconds / whole) for state, seconds in positive.items())


def _undivided(account: Account, total_s: float, states: tuple[str, ...]) -> float:
    """What is left of ``total_s`` beside the known ``states``; nothing, where all of them are known."""
    known = [seconds for state in states if (seconds := account.state_s(state)) is not None]
    return max(0.0, total_s - sum(known)) if len(known) < len(states) else 0.0


def ledger_bars(result: ResultRecord) -> tuple[LedgerBar, ...]:
    """A bar for each trial that has a ledger with a wall clock."""
    return tuple(
        LedgerBar(trial.name, is_chosen(trial, result.recommendation), trial.ledger, parts)
        for trial in result.trials
        if trial.ledger is not None and (parts := slices(trial.ledger))
    )


def states_shown(bars: tuple[LedgerBar, ...]) -> tuple[str, ...]:
    """The states that occur in any of ``bars``, in the order of the palette: their legend."""
    return states_of(bar.slices for bar in bars)


def states_of(bars: Iterable[tuple[Slice, ...]]) -> tuple[str, ...]:
    """The same, of the slices alone."""
    present = {part.state for slices in bars for part in slices}
    return tuple(state for state in STATE_STYLES if state in present)


def letters(parts: tuple[Slice, ...], width: int) -> list[tuple[Slice, int]]:
    """How many of ``width`` character cells each slice gets; rounded to that sum by largest remainder."""
    exact = [part.share * width for part in parts]
    cells = [int(cell) for cell in exact]
    by_remainder = sorted(range(len(parts)), key=lambda at: cells[at] - exact[at])
    for at in by_remainder[: width - sum(cells)]:
        cells[at] += 1
    return list(zip(parts, cells, strict=True))
