"""Whether a coroutine keeps its event loop, and what to do about that: by what it does meanwhile.

Everybody on a loop waits for a step that is long. A coroutine that blocks its loop is therefore told before all else,
whatever kind of work it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from gilscope.decide.counterparts import counterpart
from gilscope.decide.findings.loops import LOOP_LAG_S
from gilscope.production.on_loops import BlockedAt
from gilscope.records import LOOP_KINDS, WAIT_STATES, Record
from gilscope.units import duration, percent

if TYPE_CHECKING:
    from gilscope.production.record import ProfileRecord

__all__ = ["Blocking", "Meanwhile", "blocking", "blocking_told"]

#: A block that is shorter than an analysis would call one is told from this share of the function's wall clock on.
NOTABLE_SHARE: Final = 0.1

#: ``computes``: whether with the GIL is unknown; ``holds``: computes with it; ``free``: computes without; ``waits``:
#: for the outside world; ``waits-holding``: with the GIL held; ``gil``: for the GIL; ``no-cpu``: ready, and given none.
Meanwhile: TypeAlias = Literal["computes", "holds", "free", "waits", "waits-holding", "gil", "no-cpu"]


class Blocking(Record, frozen=True, kw_only=True):
    """How a function's calls keep their event loop."""

    longest_s: float
    share: float | None
    """Of its wall clock, that in pauses which are noticed (`gilscope.production.on_loops.NOTICED_S` and more)."""
    loop_share: float | None
    """Of the loops' time, that in its steps."""
    meanwhile: Meanwhile | None
    """What it does most on its loop; None where no call was measured with all clocks."""
    where: BlockedAt | None
    """Where it was found most; None where nobody looked."""


def blocking(profile: ProfileRecord) -> Blocking | None:
    """None where it leaves its loop in time, or is on none."""
    longest_s, share = profile.longest_block_s, _share(profile)
    if profile.kind not in LOOP_KINDS or longest_s is None:
        return None
    if longest_s < LOOP_LAG_S and (share or 0.0) < NOTABLE_SHARE:
        return None
    places = profile.on_loops.blocked_at if profile.on_loops else ()
    return Blocking(
        longest_s=longest_s,
        share=share,
        loop_share=profile.loop_share,
        meanwhile=_meanwhile(profile),
        where=places[0] if places else None,
    )


def _share(profile: ProfileRecord) -> float | None:
    if profile.on_loops is None or not profile.timed_wall_s:
        return None
    return min(profile.on_loops.noticed_s / profile.timed_wall_s, 1.0)


def _meanwhile(profile: ProfileRecord) -> Meanwhile | None:
    """What most of the time of its steps was."""
    cpu_s, on_loop_s = profile.cpu_s, profile.on_loop_s
    if cpu_s is None or on_loop_s is None:
        return None
    states, no_cpu_s = profile.states_s, profile.runqueue_s or 0.0
    computing: dict[Meanwhile, float] = {"computes": cpu_s}
    waiting: dict[Meanwhile, float] = {"waits": max(on_loop_s - cpu_s - no_cpu_s, 0.0)}
    if "cpu_gil" in states:
        computing = {"holds": states["cpu_gil"], "free": states.get("cpu_free", 0.0)}
    if "gil_wait" in states:
        held_s, gil_s = states.get("gil_held_off_cpu", 0.0), states["gil_wait"]
        outside_s = sum(states.get(state, 0.0) for state in WAIT_STATES)
        waiting = {"waits": max(outside_s - held_s, 0.0), "waits-holding": held_s, "gil": gil_s}
    found: dict[Meanwhile, float] = {**computing, **waiting, "no-cpu": no_cpu_s}
    return max(found, key=lambda name: found[name])


# ---- in words ----


def blocking_told(found: Blocking) -> str:
    """It in sentences: how long, how much, where, and what to do."""
    return (
        f"It keeps its event loop from everything else: {_how_long(found)}{_where(found.where)}. {_what_to_do(found)}"
    )


def _how_long(found: Blocking) -> str:
    parts = [f"for {duration(found.longest_s)} at most"]
    if found.share is not None:
        parts.append(f"for {percent(found.share)} of its wall clock in pauses that are noticed")
    if found.loop_share is not None:
        parts.append(f"for {percent(found.loop_share)} of the loop's time in all")
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _where(place: BlockedAt | None) -> str:
    if place is None:
        return ""
    calls = f", which calls {place.callee}" if place.callee else ""
    return f"; most often it was found in line {place.line} of {place.file}{calls}"


def _what_to_do(found: Blocking) -> str:
    native = counterpart(found.where.callee) if found.where else None
    if found.meanwhile == "waits" and native is not None:
        return f"It waits there: await {native} instead, or hand it to a thread (asyncio.to_thread)."
    return _REMEDIES[found.meanwhile]


_POOL = "a process pool (loop.run_in_executor)"
_REMEDIES: Final[dict[Meanwhile | None, str]] = {
    "waits": "It waits there: hand it to a thread (asyncio.to_thread), or await a native counterpart.",
    "waits-holding": f"It waits there with the GIL held, which stops a loop from any thread: hand it to {_POOL}.",
    "holds": f"It computes there with the GIL, which a thread would take from the loop as well: hand it to {_POOL}.",
    "free": "It computes there without the GIL: hand it to a thread (asyncio.to_thread).",
    "computes": f"It computes there: hand it to {_POOL}, or to a thread (asyncio.to_thread) where it releases the GIL, "
    "which gilscope.observe() tells.",
    "gil": f"It waits there for the GIL, which other threads hold: hand what those compute to {_POOL}.",
    "no-cpu": "It was ready there and given no CPU: the machine, or a limit on its CPUs, keeps it, not what it does.",
    None: "What it does there is not known yet; hand what waits to a thread (asyncio.to_thread), and what computes to "
    f"{_POOL}.",
}
