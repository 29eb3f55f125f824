"""What a profile says of its function: the classification by the rules of an analysis.

The function is classified under either reading of what is open (`gilscope.production.shares`), and the label stands
where both agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gilscope.decide.classify import TimedShare, classify
from gilscope.production import needed
from gilscope.production.gains import TYPICAL_DISPATCH_S
from gilscope.production.needed import MIN_CALLS
from gilscope.production.own_work import as_if_computing, own_work_open
from gilscope.production.shares import Computing, computing, exact_calls, readings, told
from gilscope.records import Classification
from gilscope.units import duration, percent

if TYPE_CHECKING:
    from gilscope.production.record import ProfileRecord
    from gilscope.records import Demands

__all__ = ["classification"]

GREENLETS = (
    "its calls run in greenlets, which share a thread's clocks: what a call computes and what it waits for cannot be "
    "told apart; gilscope analyze tells"
)


def classification(profile: ProfileRecord) -> Classification:
    """What kind of work the function does, as far as its calls tell."""
    if profile.greenlets and profile.clocked_calls < MIN_CALLS:
        return _inconclusive(GREENLETS)
    found = readings(profile)
    if not found or profile.clocked_calls < MIN_CALLS:
        return _inconclusive(needed.too_few(profile))
    parts = computing(profile)
    timed = TimedShare(exact_calls(profile), told(parts)) if parts else None
    verdicts = [_classified(profile, demands, timed) for demands in found]
    own = as_if_computing(profile)
    if own is not None and _classified(profile, own, timed).label not in {verdict.label for verdict in verdicts}:
        return _inconclusive(own_work_open(profile))
    if len({verdict.label for verdict in verdicts}) == 1:
        return _with_what_is_missing(profile, min(verdicts, key=lambda verdict: verdict.confidence))
    return _inconclusive(_two_readings(profile, parts) if parts else "")


def _classified(profile: ProfileRecord, demands: Demands, timed: TimedShare | None) -> Classification:
    return classify(
        demands,
        samples=profile.observed.samples if profile.observed and demands.wait_s is not None else profile.clocked_calls,
        gil_held_ratio=profile.gil_held_ratio,
        gil_enabled=profile.gil_enabled,
        dispatch_s=_SHORTEST_DISPATCH_S,
        error_share=profile.errors / profile.calls,
        timed=timed,
    )


#: What a call that is not worth handing over to anything is shorter than.
_SHORTEST_DISPATCH_S = {"thread": TYPICAL_DISPATCH_S["thread"]}


def _with_what_is_missing(profile: ProfileRecord, verdict: Classification) -> Classification:
    missing = "" if verdict.label in _SETTLED else needed.to_tell_the_label(profile)
    return msgspec.structs.replace(verdict, reason=f"{verdict.reason}; {missing}") if missing else verdict


#: No share decides them.
_SETTLED = ("overhead-bound", "inconclusive")


def _inconclusive(reason: str) -> Classification:
    return Classification(label="inconclusive", confidence=0.0, reason=reason)


def _two_readings(profile: ProfileRecord, parts: Computing) -> str:
    return (
        f"between {percent(parts.share)} and {percent(parts.at_most)} of a call is computing: for "
        f"{duration(parts.open_s)} it was off the CPU while others in the process computed, and whether it waited for "
        f"them or for the outside world is unknown; {needed.to_tell_apart(profile)}"
    )
