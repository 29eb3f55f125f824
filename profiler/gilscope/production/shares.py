"""How the time of a call divides, as far as its clocks and an observer tell: estimates, their intervals, and what is
open.

One call cannot tell why it was off the CPU while others in its process computed: it may have waited for the outside
world, or for the GIL they held. That part is neither computing nor waiting, but open.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from gilscope.decide.classify import compute_share
from gilscope.decide.demands import call_s
from gilscope.decide.shares import wilson_interval
from gilscope.decide.stats import Estimate
from gilscope.production import sketch
from gilscope.records import Demands, Record
from gilscope.units import duration, percent, percent_interval

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

#: With fewer calls their spread says little of that of others.
LEAST_CALLS = 10
#: From this part of the wall clock on, the run queue makes the share of each call what it is.
MOST_QUEUED = 0.1
#: Nothing is told more exactly than by so many calls.
MOST_EXACT = 1e6
#: A smaller part of a call that is open is not worth a word: percents are whole.
NOTABLE = 0.01


class Computing(Record, frozen=True, kw_only=True):
    """The share of a call that is computing: a fraction of the time that it had the machine for itself."""

    share: float
    """If whatever is open was waiting for the outside world."""
    low: float
    high: float
    """Its 95% interval, from how many calls were measured."""
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
    """The calls of a binomial that is as uncertain as the share of computing: a share s is known to s (1 − s) ÷ n.

    It follows from how far the CPU time of each measured call lies off the same share of its wall clock (the ratio
    estimator; Cochran 1977, Sampling Techniques, §6.4). Where nobody kept that, or the run queue is a notable part, it
    is bounded: the share of each call is between none and all of it.
    """
    bound = _bounded_calls(profile)
    share, error = profile.clocked_cpu_s / max(profile.clocked_wall_s, 1e-12), _share_error(profile)
    if error is None or not 0 < share < 1:
        return bound
    return max(share * (1 - share) / error**2, bound) if error > 0 else max(MOST_EXACT, bound)


def _bounded_calls(profile: ProfileRecord) -> float:
    """Calls of equal length that tell as much as the measured ones (Kish 1965, Survey Sampling, §11.7: n ÷ (1 + the
    squared coefficient of variation of the weights))."""
    mean, square = sketch.moments(profile.durations)
    return profile.clocked_calls * mean**2 / square if square > 0 else float(profile.clocked_calls)


def _share_error(profile: ProfileRecord) -> float | None:
    """The standard error of CPU ÷ wall clock of the measured calls, as of a sample of all that will ever be made."""
    wall_s, weight, calls = profile.clocked_wall_s, profile.clocked_weight, profile.clocked_calls
    queued = (profile.clocked_runqueue_s or 0.0) > MOST_QUEUED * wall_s
    if profile.clocked_wall_wall_s2 <= 0 or calls < LEAST_CALLS or queued:
        return None
    share = profile.clocked_cpu_s / wall_s
    off_s2 = (
        profile.clocked_cpu_cpu_s2 - 2 * share * profile.clocked_wall_cpu_s2 + share**2 * profile.clocked_wall_wall_s2
    )
    each = max(off_s2, 0.0) / weight * calls / (calls - 1)
    alike = weight**2 / (profile.clocked_excess + weight)  # Kish's again: where calls stand for different numbers
    return math.sqrt(each / alike) / (wall_s / weight)


def gil_share(profile: ProfileRecord) -> Estimate | None:
    """The share of its CPU time in which a call holds the GIL, with its 95% interval; None where it was not seen."""
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
    """``26% (18–36%)``; the interval only where it is known, and shows."""
    if low is None or high is None or percent(low) == percent(share) == percent(high):
        return percent(share)
    return f"{percent(share)} ({percent_interval(low, high)})"
