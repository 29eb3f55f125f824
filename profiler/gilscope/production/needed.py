"""How much more has to be seen before what is open is settled.

Where a share lies beside a boundary between two labels, its interval excludes that boundary once there are
z² b (1 − b) ÷ d² samples: b the boundary, d the distance, z of a 95% interval (binomial).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from gilscope.decide.classify import COMPUTE_SHARE, IO_SHARE, MIN_SAMPLES, PYTHON_SHARE
from gilscope.decide.shares import Z_95
from gilscope.production.shares import computing, exact_calls, gil_share, samples_on_cpu
from gilscope.units import counted, percent, rough_duration, thousands

if TYPE_CHECKING:
    from gilscope.production.record import ProfileRecord

__all__ = ["MIN_CALLS", "to_see_the_gil", "to_tell_apart", "to_tell_the_label", "too_few"]

#: Fewer calls measured with all clocks than this are too few to judge from.
MIN_CALLS: Final = 10
#: More than so many samples nobody waits for: the share is at the boundary.
MOST: Final = 1e6
NEVER: Final = "more than anybody will wait for: it is at the boundary"


def too_few(profile: ProfileRecord) -> str:
    """What is missing to judge at all: the first calls of a function are all measured."""
    measured = profile.clocked_calls
    were = "was" if measured == 1 else "were"
    return f"{counted(measured, 'call')} {were} measured, {MIN_CALLS} are needed: {MIN_CALLS - measured} more will do"


def to_tell_apart(profile: ProfileRecord) -> str:
    """What would tell waiting for the GIL from waiting for the outside world."""
    seen = profile.observed.samples if profile.observed else 0
    if not seen:
        return f"gilscope.observe() tells, from {MIN_SAMPLES} samples on"
    if seen < MIN_SAMPLES:
        more = _more_samples(MIN_SAMPLES - seen, seen, profile)
        return f"the observer has seen it {counted(seen, 'time')}, and to tell takes {more}"
    if "gil_wait" not in profile.states_s:
        return f"in none of the observer's {thousands(seen)} samples it was off the CPU: more will tell"
    return "what is awaited, and who has a lock, no number of samples tells: gilscope analyze does"


def to_see_the_gil(profile: ProfileRecord) -> str:
    """What would tell whether it computes with the GIL, where that is unknown."""
    seen = profile.observed.samples if profile.observed else 0
    if not 0 < seen < MIN_SAMPLES:
        return "gilscope.observe() tells"
    return f"to tell takes {_more_samples(MIN_SAMPLES - seen, seen, profile)}"


def to_tell_the_label(profile: ProfileRecord) -> str:
    """How much more would say on which side of a boundary between labels it lies; empty where that is known."""
    return _to_tell_computing(profile) or _to_tell_the_gil(profile)


def _to_tell_computing(profile: ProfileRecord) -> str:
    found, calls = computing(profile), exact_calls(profile)
    if found is None:
        return ""
    for boundary in (IO_SHARE, COMPUTE_SHARE):
        if found.low < boundary < found.high:
            more = _more_calls(_missing(found.share, boundary, calls), calls, profile)
            return f"to tell whether more or less than {percent(boundary)} of it is computing takes {more}"
    return ""


def _to_tell_the_gil(profile: ProfileRecord) -> str:
    held, found = gil_share(profile), computing(profile)
    if held is None or held.low is None or held.high is None or not held.low < PYTHON_SHARE < held.high:
        return ""
    if found is None or found.share < COMPUTE_SHARE:
        return ""  # no label rests on it
    seen = samples_on_cpu(profile)
    more = _more_samples(_missing(held.value, PYTHON_SHARE, seen), seen, profile)
    return (
        f"to tell whether it holds the GIL for more or less than {percent(PYTHON_SHARE)} of its CPU time takes {more}"
    )


def _missing(share: float, boundary: float, had: float) -> float:
    distance = abs(share - boundary)
    return Z_95**2 * boundary * (1 - boundary) / distance**2 - had if distance > 0 else math.inf


def _more_samples(samples: float, had: float, profile: ProfileRecord) -> str:
    """So many samples of the observer, and the calls that they take where ``had`` were had of those told of."""
    calls = _more_calls(samples, had, profile)
    return calls if calls == NEVER else f"{counted(math.ceil(samples), 'more sample')}, at this rate {calls}"


def _more_calls(samples: float, had: float, profile: ProfileRecord) -> str:
    if had <= 0 or samples > MOST:
        return NEVER
    calls = _rounded_up(samples / had * profile.calls)
    taking = f", {rough_duration(calls * profile.mean_s)} in all" if profile.mean_s else ""
    return f"about {counted(calls, 'more call')}{taking}"


def _rounded_up(value: float) -> int:
    """To two digits."""
    digit: int = 10 ** max(math.floor(math.log10(max(value, 1))) - 1, 0)
    return max(math.ceil(value / digit), 1) * digit
