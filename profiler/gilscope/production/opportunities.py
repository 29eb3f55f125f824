"""Which functions deserve a full analysis: those where most seconds could be saved by running calls side by side.

How many that are at most follows from the asymptotic bounds of queueing networks (Lazowska, Zahorjan, Graham and Sevcik
1984, Quantitative System Performance, chapter 5): however many calls are under way at a time, what they compute takes
its CPU seconds divided by the CPUs; what each waits for the outside world it can wait together with the others.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from gilscope.production.advice import in_vain
from gilscope.production.blocking import blocking
from gilscope.production.needed import MIN_CALLS
from gilscope.production.own_work import awaited_own_s
from gilscope.production.profile import Profile
from gilscope.records import Classification, Record
from gilscope.units import duration

__all__ = ["Opportunity", "opportunities"]

INPUTS = "It takes arguments: INPUTS names an iterable of them, one call each."
#: What is shorter is the rest of a subtraction.
LEAST_S = 1e-9
#: A part of what could be saved that is smaller than this is not worth a word.
NOTABLE_SHARE = 0.05


class Opportunity(Record, frozen=True, kw_only=True):
    """What analyzing a function in full could bring. Seconds over all its recorded calls; None where unknown."""

    profile: Profile
    classification: Classification
    waiting_s: float | None
    """Spent waiting for the outside world: all of it could be shared by calls that wait at the same time."""
    computing_s: float | None
    """Of its CPU time, what other CPUs could take over."""
    deserving: bool
    """Whether a full analysis is worth its time."""
    reason: str
    within: str | None = None
    """The function, by its ``spec``, in which alone it is called and which deserves an analysis: what could be saved
    here is a part of what could be there."""

    @property
    def saving_s(self) -> float | None:
        """What could be saved at most."""
        if self.waiting_s is None or self.computing_s is None:
            return None
        return self.waiting_s + self.computing_s

    @property
    def target(self) -> str | None:
        """What `gilscope analyze` finds it by; None where it was made inside a function."""
        module, _, name = self.profile.spec.partition(":")
        place = self.profile.file if module == "__main__" else module
        return None if place is None or "<" in name else f"{place}:{name}"

    @property
    def command(self) -> str | None:
        """What to run next, ``INPUTS`` to be replaced where it is in it; None when that is nothing."""
        if not self.deserving or not self.target:
            return None
        inputs = " --inputs INPUTS" if self.profile.needs_inputs else ""
        return f"gilscope analyze {shlex.quote(self.target)}{inputs}"


def opportunities(profiles: Iterable[Profile], cpus: float) -> list[Opportunity]:
    """The functions that deserve a full analysis, most seconds that could be saved first, each followed by those that
    it alone calls; then those that do not: too few calls to judge from, calls too short for any pool, nothing to save.

    :param cpus: that a program may use
    """
    found = [_opportunity(profile, max(cpus, 1.0)) for profile in profiles]
    found.sort(key=lambda each: (not each.deserving, -(each.saving_s or 0.0)))
    callers = _callers(found)
    return [told for each in found if each.profile.spec not in callers for told in _with_called(each, found, callers)]


def _callers(found: Sequence[Opportunity]) -> dict[str, Opportunity]:
    """Of each function that deserves an analysis and is called in another one alone that does, the outermost such."""
    times = Counter(each.profile.spec for each in found)
    by_spec = {each.profile.spec: each for each in found if times[each.profile.spec] == 1}
    deserving = [each for each in by_spec.values() if each.deserving]
    outermost = {each.profile.spec: _outermost(each, by_spec) for each in deserving}
    return {spec: caller for spec, caller in outermost.items() if caller is not None}


def _outermost(called: Opportunity, by_spec: Mapping[str, Opportunity]) -> Opportunity | None:
    """None where nobody is, or the functions call each other in a circle."""
    passed, outermost, caller = {called.profile.spec}, None, called
    while found := by_spec.get(caller.profile.only_caller or ""):
        if found.profile.spec in passed:
            return None
        passed.add(found.profile.spec)
        caller, outermost = found, found if found.deserving else outermost
    return outermost


def _with_called(
    caller: Opportunity, found: Sequence[Opportunity], callers: Mapping[str, Opportunity]
) -> Iterator[Opportunity]:
    called = [each for each in found if callers.get(each.profile.spec) is caller]
    inputs = [INPUTS] if caller.command and caller.profile.needs_inputs else []
    told = " ".join([caller.reason, *(_part(each, caller) for each in called), *inputs])
    yield msgspec.structs.replace(caller, reason=told)
    for each in called:
        reason = f"It is called within {_short(caller.profile)} alone: what it could save is a part of what that could."
        yield msgspec.structs.replace(
            each, deserving=False, within=caller.profile.spec, reason=f"{reason} {each.reason}"
        )


def _part(called: Opportunity, caller: Opportunity) -> str:
    part_s = min(called.saving_s or 0.0, caller.saving_s or 0.0)  # each is an estimate of its own
    return f"Of that, {duration(part_s)} are in {_short(called.profile)}, called nowhere else."


def _short(profile: Profile) -> str:
    """The name that it was given, or else that in its module."""
    return profile.name if profile.name != profile.spec else profile.spec.partition(":")[2]


def _opportunity(profile: Profile, cpus: float) -> Opportunity:
    verdict = profile.classification
    against = _against(profile, verdict, cpus)
    waiting_s, computing_s = _waiting_s(profile), _computing_s(profile, verdict, cpus)
    if against is not None and _is_judged(profile):
        waiting_s = computing_s = 0.0
    if against is None and not (waiting_s or 0.0) + (computing_s or 0.0) > 0:
        against = "There is nothing that side by side would save."
    return Opportunity(
        profile=profile,
        classification=verdict,
        waiting_s=waiting_s,
        computing_s=computing_s,
        deserving=against is None,
        reason=against or _reason(profile, verdict, waiting_s or 0.0, computing_s or 0.0),
    )


def _is_judged(profile: Profile) -> bool:
    return profile.clocked_calls >= MIN_CALLS and profile.errors < profile.calls


def _waiting_s(profile: Profile) -> float | None:
    """While others in the process computed it may have waited for them, which no pool would spare it; nor would one
    what it awaits of its own program."""
    blocked_s, possible_s = profile.blocked_s, profile.possible_gil_wait_s
    if blocked_s is None or possible_s is None:
        return None
    waiting_s = blocked_s - max(possible_s, awaited_own_s(profile))
    return waiting_s if waiting_s >= LEAST_S else 0.0


def _computing_s(profile: Profile, verdict: Classification, cpus: float) -> float | None:
    if profile.cpu_s is None:
        return None
    return 0.0 if verdict.subtype == "own-threads" else profile.cpu_s * (1 - 1 / cpus)


def _against(profile: Profile, verdict: Classification, cpus: float) -> str | None:
    """Why it deserves no analysis; None when it does."""
    return in_vain(profile, verdict, cpus) if _is_judged(profile) else f"{verdict.reason}."


_WAITED_FOR = {
    "lock": "locks or other threads: what those do decides whether more calls at a time wait less",
    "child": "processes that it starts: how many at a time gain depends on what those compute",
}


def _waits_on_loop(profile: Profile) -> bool:
    """Whether most of what it waits for keeps its event loop from all others."""
    on_loop_s = (profile.on_loop_s or 0.0) - (profile.cpu_s or 0.0) - (profile.runqueue_s or 0.0)
    return blocking(profile) is not None and on_loop_s > (profile.awaited_s or 0.0)


def _reason(profile: Profile, verdict: Classification, waiting_s: float, computing_s: float) -> str:
    notable_s = NOTABLE_SHARE * (waiting_s + computing_s)
    parts = []
    if waiting_s > notable_s and _waits_on_loop(profile):
        parts.append(
            f"It waited {duration(waiting_s)}, most of that on its event loop, which it blocks: handed to threads, "
            "many calls could wait at the same time."
        )
    elif waiting_s > notable_s:
        waited_for = _WAITED_FOR.get(
            verdict.subtype or "", "the outside world, which many calls can do at the same time"
        )
        parts.append(f"It waited {duration(waiting_s)} for {waited_for}.")
    if computing_s > notable_s:
        parts.append(
            f"It computed for {duration(profile.cpu_s or 0.0)}, of which other CPUs could take {duration(computing_s)}."
        )
    if verdict.label == "inconclusive":
        parts.append(f"What it is, is open: {verdict.reason}.")
    return " ".join(parts)
