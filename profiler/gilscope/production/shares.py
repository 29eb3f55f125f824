"""How the time of a call divides, as far as its clocks and an observer tell: estimates, their intervals, and what is
open.

One call cannot tell why it was off the CPU while others in its process computed: it may have waited for the outside
world, or for the GIL they held. That part is neither computing nor waiting, but open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gilscope.decide.classify import compute_share
from gilscope.decide.demands import call_s
from gilscope.decide.shares import wilson_interval
from gilscope.decide.stats import Estimate
from gilscope.production import sketch
from gilscope.records import Demands, Record
from gilscope.units import duration, percent

if TYPE_CHECKING:
    from gilscope.production.record import ProfileRecord

__all__ = [
    "NOTABLE",
    "Computing",
    "computing",
    "exact_calls",
    "gil_share",
    "readings",
    "samples_on_cpu",
    "shown",
    "told",
]

#: A smaller part of a call that is open is not worth a word: percents are whole.
NOTABLE = 0.01


class Computing(Record, frozen=True, kw_only=True):
    """The share of a call that is computing: a fraction of the time that it had the machine for itself."""

    share: float
    """If whatever is open was waiting for the outside world."""
    low: float
    high: float
    """Its 95 % interval, from how many calls were measured."""
    at_most: float
    """If whatever is open was waiting for the GIL, which a call that runs alone does not."""
    open_share: float
    """The part of the time for which that is open, and how many seconds of a call it is."""
    open_s: float


def readings(profile: ProfileRecord) -> tuple[Demands, ...]:
    """What a call asks for: if what is open was waiting for the outside world, and if it was for the GIL. Empty where
    no call was measured with all clocks."""
    demands = profile.demands
    if demands is None:
        return ()
    open_s = open_seconds(profile)
    return (demands, _without_waiting(demands, open_s)) if open_s > 0 else (demands,)


def open_seconds(profile: ProfileRecord) -> float:
    """For how long a call was off the CPU, on average, for nobody knows whether the GIL."""
    return (profile.possible_gil_wait_s or 0.0) / max(profile.calls, 1)


def _without_waiting(demands: Demands, seconds: float) -> Demands:
    """As if for so long the call had waited for the GIL; where locks are told apart, that was taken for one."""
    gil_wait_s = (demands.gil_wait_s or 0.0) + seconds
    if demands.lock_s is None:
        return msgspec.structs.replace(demands, gil_wait_s=gil_wait_s)
    return msgspec.structs.replace(demands, gil_wait_s=gil_wait_s, lock_s=max(demands.lock_s - seconds, 0.0))


def computing(profile: ProfileRecord) -> Computing | None:
    """None where nothing is known."""
    found = readings(profile)
    share = compute_share(found[0]) if found else None
    if share is None:
        return None
    low, high = wilson_interval(share, exact_calls(profile))
    open_s, whole_s = open_seconds(profile), call_s(found[0])
    return Computing(
        share=share,
        low=low,
        high=high,
        at_most=max(compute_share(found[-1]) or 0.0, share),
        open_share=min(open_s / whole_s, 1.0 - share) if whole_s > 0 else 0.0,
        open_s=open_s,
    )


def exact_calls(profile: ProfileRecord) -> float:
    """As many calls of equal length tell the share of computing as exactly as those that were measured with all clocks
    (Kish 1965, Survey Sampling, §11.7: n ÷ (1 + the squared coefficient of variation of the weights)).

    The share of each is between none and all of it, so the binomial bounds how far the share of the measured ones is
    off.
    """
    mean, square = sketch.moments(profile.durations)
    return profile.clocked_calls * mean**2 / square if square > 0 else float(profile.clocked_calls)


def gil_share(profile: ProfileRecord) -> Estimate | None:
    """The share of its CPU time in which a call holds the GIL, with its 95 % interval; None where it was not seen."""
    held_s, cpu_s = profile.states_s.get("cpu_gil"), profile.cpu_s
    if held_s is None or not cpu_s:
        return None
    share = min(held_s / cpu_s, 1.0)
    return Estimate(share, *wilson_interval(share, samples_on_cpu(profile)))


def samples_on_cpu(profile: ProfileRecord) -> float:
    """How many of the observer's samples tell how its CPU time divides."""
    seen = profile.observed
    return seen.samples * seen.cpu_s / seen.wall_s if seen is not None and seen.wall_s > 0 else 0.0


# ---- in words ----


def told(found: Computing) -> str:
    """The estimate, its interval, and what is open as such."""
    computes = f"{shown(found.share, found.low, found.high)} of a call is computing"
    if found.open_share < NOTABLE:
        return f"{computes}, {percent(1 - found.share)} waiting"
    waits = max(1 - found.share - found.open_share, 0.0)
    return (
        f"{computes}, {percent(waits)} waiting, and {percent(found.open_share)} is open: for {duration(found.open_s)} "
        "it was off the CPU while others in its process computed, and whether for them or for the outside world is "
        f"unknown, so that alone {percent(found.share)} to {percent(found.at_most)} of it may be computing"
    )


def shown(share: float, low: float | None, high: float | None) -> str:
    """``26% (18%–36%)``."""
    return percent(share) if low is None or high is None else f"{percent(share)} ({percent(low)}–{percent(high)})"
