"""What to do about a function, in a sentence: the first of some rules that has something to say.

A loop that is blocked comes first, for everybody on it waits; then what is not known or cannot be won, so that nothing
is recommended in vain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gilscope.decide.demands import call_s
from gilscope.production import needed
from gilscope.production.blocking import blocking, blocking_told
from gilscope.production.gains import TYPICAL_DISPATCH_S, Gain, gains, pays_from_s, winners
from gilscope.production.needed import MIN_CALLS
from gilscope.production.own_work import own_work_told
from gilscope.production.shares import gil_share, readings, shown
from gilscope.records import LOOP_KINDS, Classification
from gilscope.units import counted, duration, rough_duration, times_interval

if TYPE_CHECKING:
    from gilscope.production.record import ProfileRecord

__all__ = ["advice", "in_vain"]

_POOLS: Final = {"thread": "a thread pool", "process": "a process pool"}
_ON_A_LOOP: Final = {
    "asyncio": "awaiting many at a time (asyncio.gather, TaskGroup)",
    "thread": "threads (asyncio.to_thread)",
    "process": "a process pool (loop.run_in_executor)",
}
#: Waiting that is not for an outside world which many can ask, by subtype: what it gains cannot be known from here.
_ON_OTHERS: Final = {
    "lock": "It waits for locks or for other threads: what more calls at a time gain depends on what those do; "
    "gilscope analyze measures it.",
    "child": "It waits for processes that it starts: what more calls at a time gain depends on what those compute, for "
    "they share the CPUs; gilscope analyze measures it.",
}
_DOES: Final = {"compute-bound": "It computes", "io-bound": "It waits", "mixed": "It computes and waits"}


def advice(profile: ProfileRecord, verdict: Classification, cpus: float) -> str:
    """What to do about a function that was classified so.

    :param cpus: that the program may use
    """
    blocked = blocking(profile)
    return (
        (blocking_told(blocked) if blocked else None)
        or _too_little(profile, verdict)
        or in_vain(profile, verdict, cpus)
        or _open(verdict)
        or _ON_OTHERS.get(verdict.subtype or "")
        or _what_gains(profile, verdict, cpus)
    )


def in_vain(profile: ProfileRecord, verdict: Classification, cpus: float) -> str | None:
    """Why running its calls side by side would gain nothing, with the figures; None where it could, or that is open."""
    return own_work_told(profile) or _own_threads(verdict) or _nothing_to_win(profile, verdict, cpus)


# ---- the rules ----


def _too_little(profile: ProfileRecord, verdict: Classification) -> str | None:
    known = profile.clocked_calls >= MIN_CALLS and profile.errors < profile.calls
    return None if known else _open(verdict)


def _own_threads(verdict: Classification) -> str | None:
    if verdict.subtype != "own-threads":
        return None
    return "Its library computes in threads of its own: a pool on top would only compete with them."


def _nothing_to_win(profile: ProfileRecord, verdict: Classification, cpus: float) -> str | None:
    found = gains(profile, cpus)
    undecided = verdict.label == "inconclusive" and any(gain.may_pay for gain in found)
    if not found or undecided or any(gain.pays for gain in found):
        return None
    pays_s = {gain.backend: pays_from_s(profile, gain.backend, cpus) for gain in found if gain.backend in _POOLS}
    if cpus <= 1 and not any(pays_s.values()):
        return f"Nothing to win: it computes, and there is {counted(cpus, 'CPU')} to share."
    reasons = [_why_not(gain, profile, pays_s[gain.backend]) for gain in found if gain.backend in pays_s]
    call = f"a call takes {duration(max(map(call_s, readings(profile))))}"
    return f"Nothing to win: {call}; {'; '.join(reasons)}. Call it directly, or hand over many at once."


def _open(verdict: Classification) -> str | None:
    return f"Not known yet: {verdict.reason}." if verdict.label == "inconclusive" else None


def _what_gains(profile: ProfileRecord, verdict: Classification, cpus: float) -> str:
    found = gains(profile, cpus)
    pools = _ON_A_LOOP if profile.kind in LOOP_KINDS else _POOLS
    does = _DOES.get(verdict.label, "It is short") + ("" if verdict.label == "io-bound" else _with_the_gil(profile))
    best = winners(found)[::-1]  # the simplest first, and enough for what waits
    best = best[:1] if verdict.label == "io-bound" else best
    could = ", ".join(f"{pools[gain.backend]} could gain {_times(gain)}" for gain in best)
    if any(gain.backend == "thread" and gain.may_pay and not gain.pays for gain in found) and pools is _POOLS:
        could += f", and threads where it releases the GIL ({needed.to_see_the_gil(profile)})"
    if any(gain.backend == "process" for gain in best):
        could += "".join(map(_in_interpreters, found))
    model = (
        f"By a model of {counted(cpus, 'CPU')} with typical costs of handing calls over; gilscope analyze measures it"
    )
    missing = needed.to_tell_the_label(profile)
    return ". ".join([f"{does}: {could}", model, *([f"T{missing[1:]}"] if missing else [])]) + "."


# ---- its words ----


def _in_interpreters(gain: Gain) -> str:
    """Beside a process pool, which they may stand for."""
    if gain.backend != "interpreter" or not gain.pays:
        return ""
    return f"; so could a pool of interpreters ({_times(gain)}), if all that it imports can be imported there"


def _why_not(gain: Gain, profile: ProfileRecord, from_s: float | None) -> str:
    pool = _POOLS[gain.backend]
    if gain.may_pay and gil_share(profile) is None:
        return f"{pool} pays only where it releases the GIL ({needed.to_see_the_gil(profile)})"
    if gain.may_pay:
        return f"{pool} pays only if it did not wait for the GIL, which is open"
    if from_s is None:
        return f"{pool} never pays for what computes{_with_the_gil(profile)}"
    cost = f"handing one over typically takes {rough_duration(TYPICAL_DISPATCH_S[gain.backend])}"
    return f"{pool} pays from {rough_duration(from_s)} on, as {cost}"


def _with_the_gil(profile: ProfileRecord) -> str:
    """What is known of the GIL, after a word for computing."""
    held = gil_share(profile)
    return "" if held is None else f", holding the GIL for {shown(held.value, held.low, held.high)} of its CPU time"


def _times(gain: Gain) -> str:
    return times_interval(gain.low, gain.high)
