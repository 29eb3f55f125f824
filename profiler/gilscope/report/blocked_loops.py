"""What blocks event loops, for reports of recorded profiles: to be read first, for all on a loop wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gilscope.production.blocking import blocking, blocking_told
from gilscope.records import ENOUGH_FOR_P99
from gilscope.report.sheet import notes
from gilscope.units import counted, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.production.delays import Delays
    from gilscope.production.on_loops import BlockedAt
    from gilscope.production.profile import Profile
    from gilscope.report.document import Section

__all__ = ["blocked_loops", "lag_row", "lag_told"]

#: So many places of what is not decorated are told, and only those that were met more than by chance.
MOST_PLACES: Final = 3
LEAST_TIMES: Final = 3


def blocked_loops(
    shown: Sequence[str], profiles: Sequence[Profile], elsewhere: Sequence[BlockedAt] = ()
) -> tuple[Section, ...]:
    """Functions that block their event loop, those that take most of it first; then what is not decorated.

    :param shown: what the functions are called
    """
    told = [(name, each, found) for name, each in zip(shown, profiles, strict=True) if (found := blocking(each))]
    told.sort(key=lambda each: -(each[1].on_loops.noticed_s if each[1].on_loops else 0.0))
    others = [each for each in elsewhere if each.times >= LEAST_TIMES][:MOST_PLACES]
    pairs = [(name, blocking_told(found)) for name, _, found in told]
    return notes("What blocks event loops", [*pairs, *((each.function, _elsewhere_told(each)) for each in others)])


def _elsewhere_told(place: BlockedAt) -> str:
    calls = f", which calls {place.callee}" if place.callee else ""
    return (
        f"It is not decorated, and was found to keep an event loop {counted(place.times, 'time')}, for "
        f"{duration(place.blocked_s)} in all, in line {place.line} of {place.file}{calls}. Put @classify on it to know "
        "more."
    )


def lag_told(lag: Delays | None) -> tuple[str, ...]:
    """How late callbacks ran, in a sentence; nothing where nobody listened."""
    if lag is None:
        return ()
    high = f", {duration(lag.quantile_s(0.99))} at the 99th percentile" if lag.count >= ENOUGH_FOR_P99 else ""
    return (
        f"What was ready on an event loop ran {duration(lag.mean_s)} late on average{high} and "
        f"{duration(lag.longest_s)} at most ({counted(lag.count, 'heartbeat')}).",
    )


def lag_row(lag: Delays | None) -> dict[str, Any] | None:
    """The same for programs."""
    if lag is None:
        return None
    quantiles = {"p50_s": lag.quantile_s(0.5), "p99_s": lag.quantile_s(0.99)}
    return {"heartbeats": lag.count, "mean_s": lag.mean_s, **quantiles, "longest_s": lag.longest_s}
