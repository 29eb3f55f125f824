"""Where the workers' wall clock went: ledgers as slices that always fill the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gilscope.decide.recommended import recommended
from gilscope.records import STATES, Account, Ledger, ResultRecord
from gilscope.report.document import Detail, Row, Section, Table, headed
from gilscope.report.palette import STATE_STYLES
from gilscope.report.pictures import LedgerBar, LedgerChart, Slice, states_of
from gilscope.units import counted, duration, give_or_take, percent

__all__ = ["ledgers", "slices"]

_ON_CPU: Final = ("cpu_gil", "cpu_free")
#: Everything that `Account.blocked_s` is divided into.
_BLOCKED: Final = tuple(state for state in STATES if state not in (*_ON_CPU, "runqueue"))


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


def ledgers(result: ResultRecord) -> Section | None:
    """A bar for each trial that has a ledger with a wall clock."""
    chosen = recommended(result.recommendation, result.trials)
    bars = [
        (LedgerBar(trial.name, trial is chosen, _told(trial.ledger), parts), trial.ledger)
        for trial in result.trials
        if trial.ledger and (parts := slices(trial.ledger))
    ]
    if not bars:
        return None
    about = "Each row's wall clock as a bar, divided by state."
    chart = LedgerChart(tuple(bar for bar, _ in bars), about=about, table=_shares(bars))
    subtitle = "each bar is the whole wall clock of its worker threads"
    return Section("Where the workers' time went", (chart,), subtitle, Detail.BRIEF)


def _told(ledger: Ledger) -> str:
    return f"{duration(ledger.wall_s)} of {counted(ledger.threads, 'worker thread')}"


#: What stands beside the states.
_COMPANIONS: Final = (
    *("GIL utilization", "longest hold", "GIL held off CPU"),
    *("native threads' CPU", "child processes' CPU", "driver's CPU"),
)


def _shares(bars: list[tuple[LedgerBar, Ledger]]) -> Table:
    """Shares of the workers' wall clock, then what stands beside it."""
    states = states_of(bar.slices for bar, _ in bars)
    names = ("configuration", "wall", *(STATE_STYLES[state].title for state in states), *_COMPANIONS)
    rows = tuple(Row(_row(bar, ledger, states), bar.chosen) for bar, ledger in bars)
    about = "shares of the workers' wall clock" + _within([ledger for _, ledger in bars])
    return Table(headed(names, texts=("configuration",)), rows, about=about).telling()


def _within(ledgers: Sequence[Ledger]) -> str:
    """How exactly the least exact of the shares is known."""
    widths = [interval.high - interval.low for ledger in ledgers for interval in ledger.intervals]
    return f", each known to {give_or_take(max(widths) / 2)} or better (95%)" if widths else ""


def _row(bar: LedgerBar, ledger: Ledger, states: tuple[str, ...]) -> tuple[str, ...]:
    seconds = (
        *(ledger.longest_hold_s, ledger.gil_held_off_cpu_s),
        *(ledger.own_threads_cpu_s, ledger.children_cpu_s, ledger.driver_cpu_s),
    )
    shares = (percent(_share(bar, ledger, state)) for state in states)
    return (bar.name, duration(ledger.wall_s), *shares, percent(ledger.gil_held_ratio), *map(duration, seconds))


def _share(bar: LedgerBar, ledger: Ledger, state: str) -> float | None:
    """As drawn; None where it has no slice of its own because it is unknown."""
    drawn = {part.state: part.share for part in bar.slices}
    known = state not in STATES or ledger.state_s(state) is not None
    return drawn.get(state, 0.0 if known else None)
