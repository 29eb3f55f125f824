"""What a profile says of its function: the classification by the rules of an analysis, and what to do.

One call cannot tell why it was off the CPU while others in its process computed: it may have waited for the outside
world, or for the GIL they held. The function is classified under either reading, and the label stands where both agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gilscope.decide.classify import classify, compute_share
from gilscope.production.blocking import blocking, blocking_told
from gilscope.production.own_work import own_work_told
from gilscope.records import LOOP_KINDS, Classification
from gilscope.units import duration, percent

if TYPE_CHECKING:
    from gilscope.production.record import ProfileRecord
    from gilscope.records import Demands

__all__ = ["DISPATCH_S", "MIN_CALLS", "advice", "classification"]

#: Fewer calls measured with all clocks than this are too few to judge from.
MIN_CALLS = 10
GREENLETS = (
    "its calls run in greenlets, which share a thread's clocks: what a call computes and what it waits for cannot be "
    "told apart; gilscope analyze tells"
)
#: What handing a call over takes at least, as none is measured here: a thread pool of the standard library, submit to
#: result, on machines of these years.
DISPATCH_S = {"thread": 20e-6}


def classification(profile: ProfileRecord) -> Classification:
    """What kind of work the function does, as far as its calls tell."""
    demands = profile.demands
    if profile.greenlets and profile.clocked_calls < MIN_CALLS:
        return _inconclusive(GREENLETS)
    if demands is None or profile.clocked_calls < MIN_CALLS:
        return _inconclusive(f"{profile.clocked_calls} calls measured are too few (of {MIN_CALLS}); let it run on")
    waits = _classified(profile, demands)
    possible_s = (profile.possible_gil_wait_s or 0.0) / profile.calls
    computes = _classified(profile, _without_waiting(demands, possible_s))
    if waits.label == computes.label:
        return min(waits, computes, key=lambda verdict: verdict.confidence)
    return _inconclusive(_two_readings(demands, possible_s))


def _without_waiting(demands: Demands, seconds: float) -> Demands:
    """As if for so long the call had waited for the GIL; where locks are told apart, that was taken for one."""
    gil_wait_s = (demands.gil_wait_s or 0.0) + seconds
    if demands.lock_s is None:
        return msgspec.structs.replace(demands, gil_wait_s=gil_wait_s)
    return msgspec.structs.replace(demands, gil_wait_s=gil_wait_s, lock_s=max(demands.lock_s - seconds, 0.0))


def _classified(profile: ProfileRecord, demands: Demands) -> Classification:
    return classify(
        demands,
        samples=profile.observed.samples if profile.observed and demands.wait_s is not None else profile.clocked_calls,
        gil_held_ratio=profile.gil_held_ratio,
        gil_enabled=profile.gil_enabled,
        dispatch_s=DISPATCH_S,
        error_share=profile.errors / profile.calls,
    )


def _inconclusive(reason: str) -> Classification:
    return Classification(label="inconclusive", confidence=0.0, reason=reason)


def _two_readings(demands: Demands, possible_s: float) -> str:
    low = compute_share(demands) or 0.0
    high = compute_share(_without_waiting(demands, possible_s)) or 0.0
    return (
        f"between {percent(low)} and {percent(high)} of a call is computing: for {duration(possible_s)} it was off the "
        "CPU while others in the process computed, and whether it waited for them or for the outside world is unknown"
    )


def advice(profile: ProfileRecord, verdict: Classification) -> str:
    """What to do about a function that was classified so. That it blocks its event loop comes first: everybody there
    waits for it."""
    if (blocked := blocking(profile)) is not None:
        return blocking_told(blocked)
    if profile.clocked_calls >= MIN_CALLS and (own := own_work_told(profile)) is not None:
        return own
    if verdict.label == "inconclusive":
        return f"Not known yet: {verdict.reason}."
    if profile.kind in LOOP_KINDS and verdict.label != "overhead-bound":
        return _on_a_loop(verdict)
    if verdict.label == "compute-bound" and verdict.subtype == "own-threads":
        return "Its library computes in threads of its own: a pool on top would only compete with them."
    return _ADVICE[verdict.label]


def _on_a_loop(verdict: Classification) -> str:
    if verdict.label == "compute-bound":
        return "It computes on the event loop: offload it to a process pool (loop.run_in_executor)."
    return "It leaves the event loop free while it waits: await many at a time (asyncio.gather, TaskGroup)."


_ADVICE = {
    "compute-bound": "It computes: try a process pool, or threads where it releases the GIL; gilscope analyze tells.",
    "io-bound": "It waits: a thread pool lets many calls wait at the same time; gilscope analyze tells how many.",
    "mixed": "It computes and waits: threads hide the waiting, processes share the computing; gilscope analyze tells.",
    "overhead-bound": "A call is shorter than handing it to any pool: call it directly, or hand over many at once.",
}
