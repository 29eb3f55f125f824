"""How many calls a network is asked to bear: few at first, then more, as long as its answers bear it.

A service that is asked for more than it can do answers late, or with errors, and may do so to others too. So the first
calls of a pool whose calls go to a network are let into flight by and by, and those of a pool that is too large end
there: with the errors that rose, or with as many times the latency as there were times the calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gilscope.decide.demands import in_call_wall_s, outside_wait_s
from gilscope.records import Demands, Trial
from gilscope.units import counted, duration, percent

__all__ = ["FIRST", "Look", "goes_to_a_network", "limit_of", "ramp", "unborne", "workers_within"]

#: Calls in flight at first; and how many times as many each time after.
FIRST, STEP = 16, 4
#: Calls go to a network when they wait for it for this part of their time.
NETWORK_SHARE = 0.1
#: Errors rose when so many calls raised, this part of all, and twice the part of before: long before it is certain.
FEWEST_ERRORS, ERROR_SHARE, RISEN = 2, 0.05, 2.0
#: More calls at once gained nothing when they were done at less than this many times the rate, and each took this part
#: of as many times as long: by the latter a single slow call is no proof.
PAYS, IN_PROPORTION = 1.05, 0.6


@dataclass(frozen=True)
class Look:
    """So many calls at once."""

    at_once: int
    errors: int
    wall_s: float
    latency_s: float | None
    """The mean."""

    @property
    def per_s(self) -> float:
        return self.at_once / max(self.wall_s, 1e-9)

    @property
    def error_share(self) -> float:
        return self.errors / max(self.at_once, 1)


def goes_to_a_network(demands: Demands | None) -> bool:
    """Whether calls wait for one; where it is not known what they wait for, they may."""
    if demands is None:
        return False
    waited_s = outside_wait_s(demands) if demands.network_s is None else demands.network_s
    return waited_s >= NETWORK_SHARE * in_call_wall_s(demands) > 0


def ramp(workers: int) -> tuple[int, ...]:
    """The calls to let into flight, one number after the other, until a pool of so many workers has a call for each."""
    counts, count = [], FIRST
    while count < workers:
        counts.append(count)
        count *= STEP
    return (*counts, workers) if counts else ()


def unborne(looks: Sequence[Look], alone: float) -> str | None:
    """Why the network does not bear as many calls at once as in the last look; None where it does.

    :param alone: the part of the calls that raise when they are alone
    """
    last, before = looks[-1], looks[-2] if len(looks) > 1 else None
    usual = max([alone, *(look.error_share for look in looks[:-1])])
    if last.errors >= FEWEST_ERRORS and last.error_share >= max(ERROR_SHARE, RISEN * usual):
        least = f"with {before.at_once} {percent(before.error_share)}" if before else f"alone {percent(alone)}"
        return f"of {counted(last.at_once, 'call')} at once {percent(last.error_share)} raised, {least}"
    if before is None or last.latency_s is None or not before.latency_s:
        return None
    slower, more = last.latency_s / before.latency_s, last.at_once / before.at_once
    if last.per_s >= PAYS * before.per_s or slower < IN_PROPORTION * more:
        return None
    took = f"{duration(last.latency_s)} each, {before.at_once} {duration(before.latency_s)}"
    return f"{counted(last.at_once, 'call')} at once took {took}: no more were answered in the same time"


def limit_of(trials: Sequence[Trial], backend: str) -> int | None:
    """The fewest calls at once that a network did not bear from this backend; None where it bore all."""
    limits = [trial.unborne_calls for trial in trials if trial.backend == backend and trial.unborne_calls is not None]
    return min(limits, default=None)


def workers_within(limit: int) -> int:
    """How many workers to try where so many calls at once were too many."""
    return max(2, limit // STEP)
